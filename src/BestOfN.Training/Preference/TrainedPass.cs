using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>What all layers of a pass share.</summary>
/// <param name="Cos">[T, D/2], as is <paramref name="Sin"/>.</param>
/// <param name="Sin">See <paramref name="Cos"/>.</param>
/// <param name="Attention">Which token attends to which.</param>
/// <param name="Pictures">Which tokens belong to pictures; null: none.</param>
/// <param name="Dropout">Null where nothing is dropped, as in measurements.</param>
internal sealed record TrainedPass(Tensor Cos, Tensor Sin, IAttention Attention, PictureRows? Pictures, AdapterDropout? Dropout);
