using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>One linear layer of a checkpoint.</summary>
/// <param name="Weight">[O, I].</param>
/// <param name="Bias">[O], or null.</param>
/// <param name="ImageBranch">Null where the family has none.</param>
internal sealed record LinearWeights(Tensor Weight, Tensor? Bias = null, PartialLora? ImageBranch = null);
