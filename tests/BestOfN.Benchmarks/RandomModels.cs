using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks;

/// <summary>Decoders of random weights: speed and numerics do not depend on what a network has learnt.</summary>
internal static class RandomModels
{
    /// <summary>About 100 million parameters, in the proportions of a small Llama.</summary>
    public static DecoderConfiguration Hundred { get; } = new()
    {
        VocabularySize = 32_000,
        HiddenSize = 768,
        IntermediateSize = 2048,
        Layers = 12,
        Heads = 12,
        KeyValueHeads = 4,
        HeadSize = 64,
        NormEpsilon = 1e-5,
        RopeTheta = 500_000,
        MaxPositions = 8192,
    };

    /// <summary>The same weights for the same configuration, in any type.</summary>
    public static Decoder Decoder(DecoderConfiguration configuration, ScalarType type, Device device, bool prepacks = false)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(17);
        var decoder = DecoderLoader.Load(Llama.Family, configuration, (_, shape) => Weight(shape, generator).to(type, device));
        return prepacks ? decoder.IntoPrepacked() : decoder;
    }

    public static RewardNetwork RewardNetwork(DecoderConfiguration configuration, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(18);
        var head = RewardHead.Linear("score", Weight([1, configuration.HiddenSize], generator).to(device).DetachFromDisposeScope());
        var decoder = Decoder(configuration, type, device, prepacks: true);
        return new RewardNetwork(decoder, head) { Architecture = "LlamaForSequenceClassification" };
    }

    public static LanguageModel LanguageModel(DecoderConfiguration configuration, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(19);
        var head = Weight([configuration.VocabularySize, configuration.HiddenSize], generator).to(type, device).DetachFromDisposeScope();
        return new LanguageModel(Decoder(configuration, type, device), head) { Architecture = "LlamaForCausalLM" };
    }

    // Variance 1/fan-in keeps hidden states of order one; norms are one.
    private static Tensor Weight(ReadOnlySpan<long> shape, Generator generator) =>
        shape.Length == 1 ? ones(shape) : randn(shape, generator: generator) / tensor((float)Math.Sqrt(shape[^1]));
}
