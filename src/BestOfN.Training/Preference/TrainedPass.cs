using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>What all layers of a pass share.</summary>
/// <param name="Cos">[T, D/2]; <paramref name="Sin"/> likewise.</param>
/// <param name="Attention">Who sees whom.</param>
/// <param name="Pictures">Which tokens belong to pictures; null: none.</param>
/// <param name="Dropout">Null where nothing is dropped, as in measurements.</param>
internal sealed record TrainedPass(Tensor Cos, Tensor Sin, IAttention Attention, PictureRows? Pictures, AdapterDropout? Dropout);
