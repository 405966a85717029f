namespace BestOfN.Inference.Networks;

/// <summary>
/// The base grows with the length of the sequence once that exceeds the model's positions: longer sequences see other angles.
/// </summary>
public sealed record DynamicRopeScaling(double Factor) : RopeScaling;
