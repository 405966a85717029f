using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Images;

/// <summary>An InternLM-XComposer2.5 reward model of random weights, in the published proportions and small enough for two cores.</summary>
/// <remarks>
/// <para>
/// Kept: tower to decoder 1:4 in width and 3:4 in layers, MLPs of 4 and 3.5 widths, 4 query heads per key head, Partial LoRA of 1/16 of the
/// width, tower heads of 64, patches of 14 pixels merged 2 × 2. Decoder heads are 64 rather than 128.
/// </para>
/// <para>
/// A tile is 280 rather than 560 pixels: a quarter of the tokens at about a fifth of the width keeps the shares of attention near the
/// published ones. Fewer cells would let the answers, whose length is not scaled, outweigh the image even more than these do. Eight
/// layers rather than fewer and wider ones: of the last layer the product computes only what is read, which with few layers would be a
/// large share of the work and flatter it.
/// </para>
/// </remarks>
internal static class ImageModel
{
    /// <summary>Tiles along a side of the largest image.</summary>
    public const int LargestSide = 3;

    public static VisionConfiguration Vision { get; } = new()
    {
        HiddenSize = 192,
        IntermediateSize = 768,
        Layers = 6,
        Heads = 3,
        ImageSize = 280,
        PatchSize = 14,
    };

    public static DecoderConfiguration Decoder { get; } = new()
    {
        VocabularySize = 8192,
        HiddenSize = 768,
        IntermediateSize = 2688,
        Layers = 8,
        Heads = 12,
        KeyValueHeads = 3,
        HeadSize = 64,
        NormEpsilon = 1e-5,
        RopeTheta = 1_000_000,
        MaxPositions = 8192,
        PartialLoraRank = 48,
    };

    /// <summary>As published: a tower of default sizes and InternLM2-7B.</summary>
    public static (VisionConfiguration Vision, DecoderConfiguration Decoder) Published { get; } = (new VisionConfiguration(), Decoder with
    {
        VocabularySize = 92_544,
        HiddenSize = 4096,
        IntermediateSize = 14_336,
        Layers = 32,
        Heads = 32,
        KeyValueHeads = 8,
        HeadSize = 128,
        PartialLoraRank = 256,
    });

    public static string Description => FormattableString.Invariant($"""
        tower: {Vision.Layers} layers {Vision.HiddenSize} wide (published 24, 1024),
            tiles of {Vision.ImageSize} pixels (560), {Vision.Patches * Vision.Patches} patches (1600),
            {Vision.Cells * Vision.Cells} cells (400)
        decoder: {Decoder.Layers} layers {Decoder.HiddenSize} wide (32, 4096), MLP {Decoder.IntermediateSize} (14336),
            {Decoder.Heads}/{Decoder.KeyValueHeads} heads of {Decoder.HeadSize} (32/8 of 128),
            Partial LoRA of rank {Decoder.PartialLoraRank} (256)
        """);

    /// <summary>The same weights in any type.</summary>
    public static RewardNetwork Create(ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(23);
        Tensor Take(string name, ReadOnlySpan<long> shape) => Weight(name, shape, generator).to(type, device);

        var decoder = DecoderLoader.Load(InternLMXComposer2.Family, Decoder, Take).IntoPrepacked();
        var images = ImageEncoder.Load(Vision, Decoder.HiddenSize, Take, Aten.PrepackFor(type, device));
        var head = RewardHead.Linear("score", Weight("score.weight", [1, Decoder.HiddenSize],
            generator).to(device).DetachFromDisposeScope());
        return new RewardNetwork(decoder, head)
        {
            Architecture = "InternLMXComposer2ForRewardModel",
            ImageEncoder = images,
            MaxTiles = LargestSide * LargestSide,
        };
    }

    // Variance 1/fan-in keeps hidden states of order one; norms are one, biases nothing.
    private static Tensor Weight(string name, ReadOnlySpan<long> shape, Generator generator)
    {
        if (shape.Length == 1 && name.EndsWith(".bias", StringComparison.Ordinal))
        {
            return zeros(shape);
        }

        if (shape.Length == 1 && name.EndsWith(".weight", StringComparison.Ordinal))
        {
            return ones(shape);
        }

        // Separators and the class token are single vectors: what counts is their width.
        var isMatrix = name.EndsWith(".weight", StringComparison.Ordinal);
        long inputs = 1;
        foreach (var side in isMatrix ? shape[1..] : shape)
        {
            inputs *= side;
        }

        return randn(shape, generator: generator) / tensor((float)Math.Sqrt(inputs));
    }
}
