using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>What all layers of one pass get, beside the hidden states.</summary>
/// <param name="Cos">[T, D/2], as is <paramref name="Sin"/>.</param>
/// <param name="Sin">See <paramref name="Cos"/>.</param>
/// <param name="Attention">Which token attends to which.</param>
/// <param name="Images">Which tokens belong to images; null: none.</param>
/// <param name="Dropout">Null where nothing is dropped, as in measurements.</param>
internal sealed record LayerInputs(Tensor Cos, Tensor Sin, IAttention Attention, ImageRows? Images, AdapterDropout? Dropout);
