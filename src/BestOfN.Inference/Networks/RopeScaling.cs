namespace BestOfN.Inference.Networks;

/// <summary>How rotary angles are stretched for contexts longer than those trained on.</summary>
public abstract record RopeScaling;

/// <summary>Every position is divided by <paramref name="Factor"/>.</summary>
public sealed record LinearRopeScaling(double Factor) : RopeScaling;

/// <summary>The base grows with the length of the sequence once that exceeds the model's positions: longer sequences see other angles.</summary>
public sealed record DynamicRopeScaling(double Factor) : RopeScaling;

/// <summary>Llama 3: low frequencies are divided, high ones kept, those between interpolated; at every length.</summary>
public sealed record Llama3RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, double OriginalPositions) : RopeScaling;
