namespace BestOfN.Benchmarks.Images;

/// <summary>Medians of one case in one type. A bound is what linear layers and attention take at
/// the measured rate of the part's own products.</summary>
internal sealed record ImageResult
{
    public required string Type { get; init; }

    /// <summary>Tiles along one side of the image.</summary>
    public required int Side { get; init; }

    public required int N { get; init; }

    public required int ImageTokens { get; init; }

    /// <summary>Those of the image included.</summary>
    public required int PromptTokens { get; init; }

    public required int AnswerTokens { get; init; }

    public required int Rounds { get; init; }

    /// <summary>Every candidate encodes its image; whole sequences in one padded batch.</summary>
    public required double NaiveSeconds { get; init; }

    /// <summary>The engine, for an image it has not seen: from the file to the scores.</summary>
    public required double FirstSeconds { get; init; }

    /// <summary>The same request again, where the image is kept and the prompt's state is not.</summary>
    public required double ImageKeptSeconds { get; init; }

    /// <summary>The same request again, where the prompt's state is kept too.</summary>
    public required double PromptKeptSeconds { get; init; }

    /// <summary>Decoding and tiling one image; within all of the above, and in no bound.</summary>
    public required double PreparationSeconds { get; init; }

    public required double TowerBoundSeconds { get; init; }

    public required double ProjectorBoundSeconds { get; init; }

    public required double PromptBoundSeconds { get; init; }

    public required double AnswersBoundSeconds { get; init; }

    /// <summary>The same for what the naive way computes.</summary>
    public required double NaiveBoundSeconds { get; init; }

    public required double TowerGigaflopsPerSecond { get; init; }

    public required double ProjectorGigaflopsPerSecond { get; init; }

    public required double DecoderGigaflopsPerSecond { get; init; }

    /// <summary>Naive over ours in FLOPs: what the ratio of the times would be if both ran at one rate.</summary>
    public required double FlopRatio { get; init; }

    /// <summary>The same at the sizes of the published model.</summary>
    public required double PublishedFlopRatio { get; init; }

    /// <summary>The first request over one with the prompt's state kept, in FLOPs: no more can be won by keeping it.</summary>
    public required double PromptKeptFlopRatio { get; init; }

    /// <summary>The same at the sizes of the published model.</summary>
    public required double PublishedPromptKeptFlopRatio { get; init; }

    /// <summary>Largest difference between the naive scores and ours, in this type.</summary>
    public required double MaxScoreDifference { get; init; }

    /// <summary>Largest difference of our scores from ours in float32.</summary>
    public required double MaxDifferenceFromFloat32 { get; init; }

    /// <summary>Standard deviation of the scores, to judge the differences by.</summary>
    public required double ScoreSpread { get; init; }

    /// <summary>Every repeated request gave the bits of the first.</summary>
    public required bool RepeatedIsBitEqual { get; init; }

    public double BoundSeconds => TowerBoundSeconds + ProjectorBoundSeconds + PromptBoundSeconds + AnswersBoundSeconds;

    public double NaiveOverFirst => NaiveSeconds / FirstSeconds;

    public double ShareOfBound => BoundSeconds / FirstSeconds;

    public double NaiveShareOfBound => NaiveBoundSeconds / NaiveSeconds;

    public double ImageKeptShareOfBound => (PromptBoundSeconds + AnswersBoundSeconds) / ImageKeptSeconds;

    public double PromptKeptShareOfBound => AnswersBoundSeconds / PromptKeptSeconds;

    public double FirstOverImageKept => FirstSeconds / ImageKeptSeconds;

    public double FirstOverPromptKept => FirstSeconds / PromptKeptSeconds;
}
