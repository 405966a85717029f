using System.Diagnostics.Metrics;

namespace BestOfN.Core.Telemetry;

/// <summary>Bounds of histograms. An exporter's defaults are for milliseconds.</summary>
public static class Buckets
{
    /// <summary>From 10 ms to ten minutes, each twice the one before, as the GenAI conventions have it for shorter times.</summary>
    public static InstrumentAdvice<double> Seconds { get; } = new()
    {
        HistogramBucketBoundaries =
            [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36],
    };

    /// <summary>From 1 to a million, each four times the one before, as the GenAI conventions have it.</summary>
    public static InstrumentAdvice<long> Tokens { get; } = new()
    {
        HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576],
    };

    /// <summary>Rewards have no unit and no bounds; those of published models lie mostly within ±30.</summary>
    public static InstrumentAdvice<double> Rewards { get; } = new()
    {
        HistogramBucketBoundaries = [-50, -20, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 50],
    };
}
