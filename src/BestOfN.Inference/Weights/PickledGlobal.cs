namespace BestOfN.Inference.Weights;

/// <summary>A name on the allow-list; never anything but its spelling.</summary>
internal sealed record PickledGlobal(string Name);
