using System.Diagnostics.Metrics;
using BestOfN.Core.Telemetry;
using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Generation;

/// <summary>What the generation engine reports through the meter "BestOfN".</summary>
internal sealed class GenerationMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly bool _ownsMeter;

    /// <param name="model">What the operator calls it.</param>
    /// <param name="meters">Where counters go; null: a meter of its own.</param>
    /// <param name="images">Null where the model reads text only.</param>
    public GenerationMetrics(string model, IMeterFactory? meters, ImageStore? images)
    {
        _ownsMeter = meters is null;
        _meter = meters?.Create(TelemetryNames.Source) ?? new Meter(TelemetryNames.Source);
        if (images is not null)
        {
            ImageInstruments.Observe(_meter, TelemetryNames.Generation, images, new(TelemetryNames.RequestModel, model));
        }
    }

    public void Dispose()
    {
        if (_ownsMeter)
        {
            _meter.Dispose();
        }
    }
}
