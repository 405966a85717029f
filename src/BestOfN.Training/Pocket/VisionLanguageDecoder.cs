using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
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
    // Two ways to compute with the same weights: for a step, and for a measurement.
    private readonly Decoder _trainedDecoder, _measuredDecoder;
    private readonly ImageEncoder? _trainedEncoder, _measuredEncoder;

    /// <param name="model">Sizes of the decoder.</param>
    /// <param name="vision">Sizes of the vision encoder; null: text only.</param>
    /// <param name="vocabularySize">Tokens of the vocabulary.</param>
    /// <param name="random">Where the fresh weights come from.</param>
    public VisionLanguageDecoder(DecoderShape model, VisionShape? vision, int vocabularySize, Generator random)
    {
        Vision = vision;
        Decoder = Initialization.Decoder(model.ToConfiguration(vocabularySize) with { PartialLoraRank = vision?.PloraR ?? 0 }, random);
        ImageEncoder = vision is null ? null : Initialization.Vision(vision.ToConfiguration(), model.HiddenSize, random);
        ScalarType? narrow = ComputeTypes.CpuHasBFloat16 ? ScalarType.BFloat16 : null;
        _trainedDecoder = narrow is not { } type ? Decoder
            : Decoder.With((_, _, plain) => new NarrowProjection((PlainProjection)plain, type), ComputeMode.Training, Decoder.Type);
        _measuredDecoder = Decoder.With(
            (_, _, plain) => new PlainProjection(((PlainProjection)plain).Parts, ComputeMode.Inference), ComputeMode.Inference,
                Decoder.Type);
        _trainedEncoder = ImageEncoder?.With(ComputeMode.Training, narrow);
        _measuredEncoder = ImageEncoder?.With(ComputeMode.Inference, null);
    }

    public VisionShape? Vision { get; }

    public Decoder Decoder { get; }

    public ImageEncoder? ImageEncoder { get; }

    public IEnumerable<KeyValuePair<string, Tensor>> Parameters => Decoder.Parameters.Concat(ImageEncoder?.Parameters ?? []);

    /// <summary>Final hidden states of all tokens of a batch, [B·L, C], with gradients where they are enabled.</summary>
    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var (decoder, encoder) = is_grad_enabled() ? (_trainedDecoder, _trainedEncoder) : (_measuredDecoder, _measuredEncoder);
        ImageTokens? images = null;
        if (batch.Images.Count > 0)
        {
            var rows = batch.Images.SelectMany(p => Enumerable.Range(0, p.Tokens).Select(i => p.FirstRow + i)).ToArray();
            images = new ImageTokens(tensor(rows), cat(encoder!.Encode([.. batch.Images.Select(p => p.Image)]), 0));
        }

        return decoder.Forward(batch.Ids, batch.Positions, new MaskedAttention(batch), images: images)!.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Decoder.Dispose();
        ImageEncoder?.Dispose();
    }
}
