using System.Diagnostics.Metrics;
using BestOfN.Core.Selection;
using BestOfN.Core.Telemetry;

namespace BestOfN.Inference.ImageCache;

/// <summary>What an engine that sees reports of its pictures.</summary>
internal static class PictureInstruments
{
    /// <param name="meter">The engine's meter.</param>
    /// <param name="engine">What the names begin with, such as <c>bestofn.scoring</c>.</param>
    /// <param name="pictures">The engine's pictures.</param>
    /// <param name="model">The tag that says whose they are.</param>
    public static void Observe(Meter meter, string engine, PictureStore pictures, KeyValuePair<string, object?> model)
    {
        meter.CreateObservableGauge(
            engine + TelemetryNames.PictureCacheSize, () => Tagged(pictures.Bytes), "By", "Memory of encoded pictures.");
        meter.CreateObservableCounter(
            engine + TelemetryNames.PictureCacheLookups,
            () => new[] { Tagged(pictures.Hits, "hit"), Tagged(pictures.Misses, "miss") },
            "{picture}",
            "Pictures of prompts, by whether they were there.");
        meter.CreateObservableCounter(engine + TelemetryNames.PictureCacheEvictions, () => Tagged(pictures.Evictions), "{picture}",
            "Encoded pictures freed for others.");
        meter.CreateObservableCounter(
            engine + TelemetryNames.Pictures, () => Tagged(pictures.Encoded), "{picture}", "Pictures that went through the vision tower.");

        Measurement<long> Tagged(long value, string? result = null) =>
            result is null ? new(value, model) : new(value, model, new(TelemetryNames.Result, result));
    }
}
