using TorchSharp;

namespace BestOfN.Inference.Weights;

/// <summary>A flat run of elements that tensors are views of.</summary>
/// <param name="Key">The name of its entry under <c>data/</c>.</param>
/// <param name="Type">Element type.</param>
/// <param name="Count">Elements, as the pickle claims.</param>
internal sealed record PickledStorage(string Key, torch.ScalarType Type, long Count);
