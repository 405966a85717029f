using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Which token attends to which. The decoder computes queries, keys and values; this combines and keeps them.</summary>
/// <remarks>Scoring, generation and training lay out their sequences differently, and only there.</remarks>
public interface IAttention
{
    /// <summary>Attends in one layer.</summary>
    /// <param name="layer">0..Layers-1; called once for each, in order.</param>
    /// <param name="q">Rotated queries, [Q, H, D]: of every token, or in the last layer of the rows asked for; null where none was asked
    /// for.</param>
    /// <param name="k">Rotated keys of every token, [T, K, D].</param>
    /// <param name="v">Values of every token, [T, K, D].</param>
    /// <returns>[Q, H, D], or null where <paramref name="q"/> is null. Inputs stay the caller's: keep a copy or detach what must live
    /// on.</returns>
    Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v);
}
