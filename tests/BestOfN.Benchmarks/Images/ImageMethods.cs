using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inference.Tests;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Scoring;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Images;

/// <summary>Two ways to the same scores: everything anew for every candidate, and the product's engine.</summary>
internal sealed class ImageMethods : IDisposable
{
    private readonly RewardNetwork _network;
    private readonly DeviceWorker _worker;

    /// <param name="network">Owned from here on.</param>
    /// <param name="worker">The caller's.</param>
    public ImageMethods(RewardNetwork network, DeviceWorker worker)
    {
        (_network, _worker) = (network, worker);
        Keeping = Engine(new ScoringOptions { PromptCacheBytes = 1 << 28 });
        Forgetting = Engine(new ScoringOptions { PromptCacheBytes = 0 });
    }

    /// <summary>Keeps images and the states of prompts, as the product does.</summary>
    public ScoringEngine Keeping { get; }

    /// <summary>Keeps images only.</summary>
    public ScoringEngine Forgetting { get; }

    /// <summary>From the file to tiles.</summary>
    public static TiledImage Prepare(ImagePart image) => HighDefinitionTiling.Apply(
        ImageDecoder.Decode(image.Content, ImageLimits.Default, CancellationToken.None),
        ImageModel.LargestSide * ImageModel.LargestSide, ImageModel.Vision.ImageSize,
        TilingVariant.Inference, CancellationToken.None);

    /// <summary>A request as the gateway makes it: the conversation is opened, then all answers are scored.</summary>
    public static async Task<float[]> ScoreAsync(ScoringEngine engine, ImageCase c, ImagePart image)
    {
        await using var session = engine.Begin(c.Prompt(image));
        var scores = await session.ScoreAsync(
            [.. c.Answers.Select((a, i) => new Answer(i, NumberTokenizer.Text(a)))], CancellationToken.None);
        return [.. scores.Select(s => (float)s!.Value.Value)];
    }

    /// <summary>As the reference does: every candidate reads and encodes its image, then all
    /// whole sequences go through in one padded batch.</summary>
    /// <remarks>Answers are of one length, so that no time is lost to padding.</remarks>
    public Task<float[]> PerCandidateAsync(ImageCase c, ImagePart image) => _worker.RunAsync(() =>
    {
        var vectors = c.Answers.Select(_ => _network.ImageEncoder!.Encode([Prepare(image)])[0]).ToArray();
        var count = (int)vectors[0].size(0);
        var length = c.Before.Length + count + c.After.Length + ImageCase.AnswerTokens;
        long[] ids =
            [.. c.Answers.SelectMany(a => c.Before.Concat(Enumerable.Repeat(0, count)).Concat(c.After).Concat(a)).Select(id => (long)id)];
        long[] seen =
            [.. Enumerable.Range(0, c.N).SelectMany(i => Enumerable.Range((i * length) + c.Before.Length, count)).Select(row => (long)row)];
        long[] last = [.. Enumerable.Range(1, c.N).Select(i => ((long)i * length) - 1)];

        var device = _network.Decoder.Device;
        var positions = Positions.Of(length).repeat(c.N).to(device);
        var images = new ImageTokens(tensor(seen, device: device), cat(vectors, 0));
        var hidden = _network.Decoder.Forward(tensor(ids, device: device), positions, new BatchedAttention(c.N), images: images)!;
        return _network.Head.Score(hidden.index_select(0, tensor(last, device: device))).cpu().data<float>().ToArray();
    });

    public void Dispose()
    {
        // Each disposes the network; the second finds nothing left to free.
        Forgetting.Dispose();
        Keeping.Dispose();
    }

    private ScoringEngine Engine(ScoringOptions options)
    {
        var tokenizer = new NumberTokenizer(ImageModel.Decoder.VocabularySize);
        return new ScoringEngine(
            "benchmark",
            _network,
            new ConversationEncoder(tokenizer.Render, tokenizer, ending: [], scoresSteps: false, stepTokenId: null),
            _worker,
            options,
            reader: PromptReader.For(_network.ImageEncoder, _network.Decoder, tokenizer, _network.MaxTiles, options.ImageCacheBytes),
            tokenizer: tokenizer);
    }
}
