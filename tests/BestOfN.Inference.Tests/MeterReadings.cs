using System.Diagnostics.Metrics;

namespace BestOfN.Inference.Tests;

/// <summary>What an engine's observed instruments say.</summary>
internal static class MeterReadings
{
    /// <param name="tag">The tag that tells the model.</param>
    /// <param name="model">The model.</param>
    /// <returns>By name, and by name and result such as <c>bestofn.scoring.picture_cache.lookups:hit</c>.</returns>
    public static IReadOnlyDictionary<string, long> Read(string tag, string model)
    {
        var counted = new Dictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == "BestOfN")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var all = tags.ToArray();
            if (all.Contains(new(tag, model)))
            {
                var result = all.FirstOrDefault(each => each.Key == "bestofn.result").Value;
                counted[result is null ? instrument.Name : $"{instrument.Name}:{result}"] = value;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return counted;
    }
}
