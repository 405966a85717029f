using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>Hides what lies behind the shorter of several prompts that are padded to the longest.</summary>
internal static class PromptMask
{
    // CUDA wants rows that begin at multiples of 16 elements.
    private const int Alignment = 16;

    /// <param name="lengths">Tokens of each of G prompts, the longest being P.</param>
    /// <param name="decoder">Gives type and device.</param>
    /// <returns>[G, 1, 1, P]: 0 within a prompt, -infinity behind it; null where all are equally long. In the caller's dispose
    /// scope.</returns>
    public static Tensor? Of(IReadOnlyList<int> lengths, Decoder decoder)
    {
        var longest = lengths.Max();
        if (lengths.Min() == longest)
        {
            return null;
        }

        var width = (longest + Alignment - 1) / Alignment * Alignment;
        var mask = new float[lengths.Count * width];
        for (var i = 0; i < lengths.Count; i++)
        {
            mask.AsSpan((i * width) + lengths[i], width - lengths[i]).Fill(float.NegativeInfinity);
        }

        using var scope = NewDisposeScope();
        return tensor(mask, device: decoder.Device).to(decoder.Type).view(lengths.Count, 1, 1, width).narrow(3, 0, longest)
            .MoveToOuterDisposeScope();
    }
}
