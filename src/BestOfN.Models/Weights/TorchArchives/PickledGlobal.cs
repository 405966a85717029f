namespace BestOfN.Models.Weights.TorchArchives;

/// <summary>A name on the allow-list; never anything but its spelling.</summary>
internal sealed record PickledGlobal(string Name);
