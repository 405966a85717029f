using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

/// <summary>Tiny language models of every family with random weights, the same every time.</summary>
internal static class RandomModels
{
    public const int Vocabulary = 97;

    public static LanguageModel Create(string family = "InternLM2", int keyValueHeads = 2, int maxPositions = 512,
        ScalarType type = ScalarType.Float32, Device? device = null,
        ComputeMode mode = ComputeMode.Inference)
    {
        var of = new[] { InternLM2.Family, Llama.Family, Qwen2.Family, Qwen3.Family }.Single(f => f.Prefix == family);
        var configuration = new DecoderConfiguration
        {
            VocabularySize = Vocabulary,
            HiddenSize = 32,
            IntermediateSize = 48,
            Layers = 3,
            Heads = 4,
            KeyValueHeads = keyValueHeads,
            HeadSize = 8,
            NormEpsilon = 1e-6,
            RopeTheta = 10_000,
            MaxPositions = maxPositions,
            QueryKeyValueBias = family == "Qwen2",
            QueryKeyNorm = family == "Qwen3",
        };
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        Tensor Random(ReadOnlySpan<long> shape) => (randn(shape.ToArray(), generator: generator) * tensor(0.25f)).to(type, device ?? CPU);
        var decoder = DecoderLoader.Load(of, configuration, (name, shape) => name.Contains("norm", StringComparison.Ordinal)
            ? ones(shape.ToArray(), type, device ?? CPU)
            : Random(shape), mode: mode);
        var head = Random([Vocabulary, 32]).DetachFromDisposeScope();
        return new LanguageModel(decoder, head) { Architecture = family + "ForCausalLM", EndTokenIds = [2] };
    }

    /// <summary>Logits of the next token with nothing cached and nothing shared.</summary>
    public static float[] NaiveLogits(LanguageModel model, IReadOnlyList<int> ids)
    {
        using var scope = NewDisposeScope();
        var all = tensor(ids.Select(i => (long)i).ToArray(), device: model.Decoder.Device);
        var hidden = model.Decoder.Forward(all, Positions.Of(ids.Count).to(model.Decoder.Device), new BatchedAttention(1))!;
        return model.Logits(hidden[ids.Count - 1].unsqueeze(0)).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    public static int[] NaiveGreedy(LanguageModel model, IReadOnlyList<int> prompt, int tokens)
    {
        var ids = prompt.ToList();
        for (var i = 0; i < tokens; i++)
        {
            var logits = NaiveLogits(model, ids);
            ids.Add(Array.IndexOf(logits, logits.Max()));
        }

        return [.. ids.Skip(prompt.Count)];
    }

    public static int[] Prompt(int length, int seed = 0) =>
        [.. Enumerable.Range(0, length).Select(i => 3 + ((((i + 1) * 31) + (seed * 17) + (i * i * 7)) % (Vocabulary - 3)))];
}
