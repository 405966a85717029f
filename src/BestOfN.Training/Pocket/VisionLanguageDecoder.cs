using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>A decoder and, where it sees, the encoder of its images, trained together. Owns both.</summary>
/// <remarks>
/// Mixed precision (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740) where the CPU multiplies bfloat16: products are
/// computed in it, weights, sums, norms and gradients of weights are float32. Measuring, without gradients, is float32 throughout.
/// </remarks>
internal sealed class VisionLanguageDecoder : IDisposable
{
    /// <param name="model">Sizes of the decoder.</param>
    /// <param name="vision">Sizes of the vision encoder; null: text only.</param>
    /// <param name="vocabularySize">Tokens of the vocabulary.</param>
    /// <param name="random">Where the fresh weights come from.</param>
    public VisionLanguageDecoder(DecoderShape model, VisionShape? vision, int vocabularySize, Generator random)
    {
        Vision = vision;
        Decoder = Initialization.Decoder(model.ToConfiguration(vocabularySize) with { PartialLoraRank = vision?.PloraR ?? 0 }, random);
        ImageEncoder = vision is null ? null : Initialization.Vision(vision.ToConfiguration(), model.HiddenSize, random);
    }

    public VisionShape? Vision { get; }

    public Decoder Decoder { get; }

    public ImageEncoder? ImageEncoder { get; }

    public IEnumerable<KeyValuePair<string, Tensor>> Parameters => Decoder.Parameters.Concat(ImageEncoder?.Parameters ?? []);

    /// <summary>Final hidden states of all tokens of a batch, [B·L, C], with gradients where they are enabled.</summary>
    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var mode = is_grad_enabled() ? ComputeMode.Training : ComputeMode.Inference;
        ImageTokens? images = null;
        if (batch.Images.Count > 0)
        {
            var rows = batch.Images.SelectMany(p => Enumerable.Range(0, p.Tokens).Select(i => p.FirstRow + i)).ToArray();
            using var encoder =
                ImageEncoder.Load(
                    ImageEncoder!.Configuration, Decoder.Configuration.HiddenSize, Computed(ImageEncoder.Parameters), mode: mode);
            images = new ImageTokens(tensor(rows), cat(encoder.Encode([.. batch.Images.Select(p => p.Image)]), 0));
        }

        using var decoder = DecoderLoader.Load(InternLM2.Family, Decoder.Configuration, Computed(Decoder.Parameters), mode: mode);
        return decoder.Forward(batch.Ids, batch.Positions, new MaskedAttention(batch), images: images)!.MoveToOuterDisposeScope();
    }

    /// <summary>The weights as a step computes with them, which gradients pass through: matrices of products in bfloat16, all else as it
    /// is.</summary>
    private static WeightSource Computed(IEnumerable<KeyValuePair<string, Tensor>> parameters)
    {
        var weights = parameters.ToDictionary();
        var narrow = is_grad_enabled() && ComputeTypes.CpuHasBFloat16;
        return (name, _) => narrow && weights[name].dim() > 1 && !name.Contains("embeddings.", StringComparison.Ordinal)
            && !name.EndsWith("_GN", StringComparison.Ordinal)
            ? weights[name].to(ScalarType.BFloat16)
            : weights[name].alias();
    }

    public void Dispose()
    {
        Decoder.Dispose();
        ImageEncoder?.Dispose();
    }
}
