namespace BestOfN.Inference.Networks;

/// <summary>How rotary angles are stretched for contexts longer than those trained on.</summary>
public abstract record RopeScaling;
