using System.Diagnostics.Metrics;
using BestOfN.Core.Telemetry;

namespace BestOfN.Inference.ImageCache;

/// <summary>What an engine that sees reports of its images.</summary>
internal static class ImageInstruments
{
    /// <param name="meter">The engine's meter.</param>
    /// <param name="engine">What the names begin with, such as <c>bestofn.scoring</c>.</param>
    /// <param name="images">The engine's images.</param>
    /// <param name="model">The tag that says whose they are.</param>
    public static void Observe(Meter meter, string engine, ImageStore images, KeyValuePair<string, object?> model)
    {
        meter.CreateObservableGauge(
            engine + TelemetryNames.PictureCacheSize, () => Tagged(images.Bytes), "By", "Memory of encoded pictures.");
        meter.CreateObservableCounter(
            engine + TelemetryNames.PictureCacheLookups,
            () => new[] { Tagged(images.Hits, "hit"), Tagged(images.Misses, "miss") },
            "{picture}",
            "Pictures of prompts, by whether they were there.");
        meter.CreateObservableCounter(engine + TelemetryNames.PictureCacheEvictions, () => Tagged(images.Evictions), "{picture}",
            "Encoded pictures freed for others.");
        meter.CreateObservableCounter(
            engine + TelemetryNames.Pictures, () => Tagged(images.Encoded), "{picture}", "Pictures that went through the vision encoder.");

        Measurement<long> Tagged(long value, string? result = null) =>
            result is null ? new(value, model) : new(value, model, new(TelemetryNames.Result, result));
    }
}
