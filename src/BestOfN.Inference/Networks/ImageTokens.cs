using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>
/// The tokens of a pass that are parts of images: they bring their vectors with them, and Partial LoRA acts on them alone.
/// </summary>
/// <param name="Rows">Which rows of the pass, [M] int64, ascending.</param>
/// <param name="Vectors">Their embeddings, [M, C], in the network's type.</param>
public sealed record ImageTokens(Tensor Rows, Tensor Vectors);
