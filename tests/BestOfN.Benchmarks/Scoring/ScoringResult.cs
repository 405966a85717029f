namespace BestOfN.Benchmarks.Scoring;

/// <summary>Medians of one case in one type.</summary>
internal sealed record ScoringResult
{
    public required string Type { get; init; }
    public required int P { get; init; }
    public required int A { get; init; }
    public required int N { get; init; }
    public required string Lengths { get; init; }
    public required int Rounds { get; init; }
    public required double PaddedSeconds { get; init; }
    public required double OneByOneSeconds { get; init; }
    public required double SharedSeconds { get; init; }
    public required double BoundSeconds { get; init; }
    public required double MatmulGigaflopsPerSecond { get; init; }
    public required double PaddedShareOfPaddedBatch { get; init; }
    public required double PaddedShareOfShared { get; init; }
    public required long PaddedPeakBytes { get; init; }
    public required long OneByOnePeakBytes { get; init; }
    public required long SharedPeakBytes { get; init; }

    /// <summary>Largest difference between any two methods in this type.</summary>
    public required double MaxScoreDifference { get; init; }

    /// <summary>Largest difference from the float32 scores of the shared method.</summary>
    public required double MaxDifferenceFromFloat32 { get; init; }

    /// <summary>Standard deviation of the scores, to judge the differences by.</summary>
    public required double ScoreSpread { get; init; }

    public double OverPadded => PaddedSeconds / SharedSeconds;

    public double OverOneByOne => OneByOneSeconds / SharedSeconds;

    public double OverBound => SharedSeconds / BoundSeconds;
}
