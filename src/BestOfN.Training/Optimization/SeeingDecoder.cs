using BestOfN.Models.Networks;
using BestOfN.Models.Networks.Vision;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Optimization;

/// <summary>A decoder and, where it sees, the encoder of its pictures, trained together. Owns both.</summary>
internal sealed class SeeingDecoder : IDisposable
{
    /// <param name="model">Sizes of the decoder.</param>
    /// <param name="vision">Sizes of the tower; null: text only.</param>
    /// <param name="vocabularySize">Tokens of the vocabulary.</param>
    /// <param name="random">Where the fresh weights come from.</param>
    public SeeingDecoder(DecoderShape model, VisionShape? vision, int vocabularySize, Generator random)
    {
        Vision = vision;
        Decoder = FreshWeights.Decoder(model.ToConfiguration(vocabularySize) with { PartialLoraRank = vision?.PloraR ?? 0 }, random);
        Pictures = vision is null ? null : FreshWeights.Pictures(vision.ToConfiguration(), model.HiddenSize, random);
    }

    public VisionShape? Vision { get; }

    public Decoder Decoder { get; }

    public PictureEncoder? Pictures { get; }

    public IEnumerable<KeyValuePair<string, Tensor>> Parameters => Decoder.Parameters.Concat(Pictures?.Parameters ?? []);

    /// <summary>Final hidden states of all tokens of a batch, [B·L, C], with gradients where they are enabled.</summary>
    public Tensor Forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        PictureTokens? pictures = null;
        if (batch.Pictures.Count > 0)
        {
            var rows = batch.Pictures.SelectMany(p => Enumerable.Range(0, p.Tokens).Select(i => p.FirstRow + i)).ToArray();
            pictures = new PictureTokens(tensor(rows), cat(Pictures!.Encode([.. batch.Pictures.Select(p => p.Picture)]), 0));
        }

        return Decoder.Forward(batch.Ids, batch.Positions, new MaskedAttention(batch), pictures: pictures)!.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Decoder.Dispose();
        Pictures?.Dispose();
    }
}
