namespace BestOfN.Inference.Networks;

/// <summary>Llama 3: low frequencies are divided, high ones kept, those between interpolated; at every length.</summary>
public sealed record Llama3RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, double OriginalPositions)
    : RopeScaling;
