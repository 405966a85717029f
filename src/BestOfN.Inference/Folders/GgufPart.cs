using BestOfN.Inputs.Gguf;
using TorchSharp;

namespace BestOfN.Inference.Folders;

/// <summary>A tensor of a GGUF file in the making.</summary>
/// <param name="Tensor">How it will stand there.</param>
/// <param name="Read">Its numbers in float32, in the file's order; to be disposed by the caller.</param>
internal sealed record GgufPart(GgufTensor Tensor, Func<torch.Tensor> Read);
