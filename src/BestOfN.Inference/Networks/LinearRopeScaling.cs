namespace BestOfN.Inference.Networks;

/// <summary>Every position is divided by <paramref name="Factor"/>.</summary>
public sealed record LinearRopeScaling(double Factor) : RopeScaling;
