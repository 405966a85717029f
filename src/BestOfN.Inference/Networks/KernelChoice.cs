using System.Runtime.Intrinsics;
using BestOfN.Core.Computing;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Tells which kernels serve a model, as the thread that computes it sees it.</summary>
internal static class KernelChoice
{
    /// <summary>How a reward model computes. Its attention may add up in another order beside other sequences, so that a score is promised
    /// to a tolerance.</summary>
    public static ModelComputation OfScoring(Decoder decoder) =>
        new(Name(decoder.Type), false, ComputeTypes.Tolerance(decoder.Type), [.. Parts(decoder)]);

    /// <summary>How a generator computes.</summary>
    /// <param name="decoder">Its decoder.</param>
    /// <param name="prepacked">What computes its steps; null: the decoder itself.</param>
    public static ModelComputation OfGeneration(Decoder decoder, LanguageModel? prepacked) => new(
        Name(decoder.Type), prepacked is { IsExact: true }, ComputeTypes.Tolerance(decoder.Type),
        [.. Parts(decoder), "steps: " + Steps(prepacked)]);

    private static string Name(ScalarType type) => type.ToString().ToLowerInvariant();

    private static IEnumerable<string> Parts(Decoder decoder)
    {
        if (decoder.Device.type != DeviceType.CPU)
        {
            yield return $"all: libtorch's for {decoder.Device}";
            yield break;
        }

        yield return Aten.HasOneDnn(decoder.Type, decoder.Device)
            ? "products: oneDNN"
            : $"products: libtorch, because oneDNN does not multiply {Name(decoder.Type)} on this processor";
        yield return OwnKernels.AreOn
            ? "norms, rotations and gates: own"
            : "norms, rotations and gates: libtorch, because own kernels are turned off";
        yield return "attention: " + Attention(decoder.Type, decoder.Configuration.HeadSize);
    }

    private static string Attention(ScalarType type, int headSize)
    {
        using var q = empty([1, 1, 1, 1, headSize], type);
        return (TiledAttention.Serves(q), AttentionByProducts.Serves(q), OwnKernels.AreOn) switch
        {
            (true, _, _) => "own",
            (_, true, _) => "products of oneDNN and an own softmax",
            (_, _, false) => "libtorch, because own kernels are turned off",
            _ when type == ScalarType.BFloat16 && !ComputeTypes.CpuHasBFloat16 =>
                "libtorch, because the processor does not multiply bfloat16",
            _ when type == ScalarType.BFloat16 => $"libtorch, because heads of {headSize} are no multiple of 32",
            _ when !Vector512.IsHardwareAccelerated => "libtorch, because registers are shorter than 512 bits",
            _ => $"libtorch, because heads of {headSize} are no multiple of 64",
        };
    }

    private static string Steps(LanguageModel? prepacked) => prepacked switch
    {
        null when !OwnKernels.AreOn => "as above, because own kernels are turned off",
        null => "as above, because weights cannot be put in oneDNN's order",
        { FewRows: > 0 and var rows } => $"own attention, own products for up to {rows} sequences",
        _ when !Vector512.IsHardwareAccelerated => "own attention, oneDNN's products, because registers are shorter than 512 bits",
        _ => "own attention, oneDNN's products, because own ones do not give the same bits for every weight, or a weight has another size "
            + "than they need",
    };
}
