using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Scoring;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Inputs.Videos;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>From encoded images and text to rewards, against the reference.</summary>
public sealed class ImageScoringTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly DeviceWorker _worker = new(CPU);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("image-1x1")]
    [InlineData("image-2x3")]
    [InlineData("image-portrait")]
    [InlineData("multi-image")]
    [InlineData("video-landscape")]
    public async Task Conversations_about_images_score_like_the_reference_all_at_once(string name)
    {
        using var engine = Load(name);
        var video = name == "video-landscape" ? ImageConversations.LeaseVideo(engine) : null;
        var scores = await Task.WhenAll(ImageConversations.Read(name).Select(c => ScoreAsync(engine, c)));
        Assert.Equal(ImageConversations.Rewards(name), scores, (a, b) => Math.Abs(a - b) <= Tolerance);
        if (video is not null)
        {
            engine.Reader.Store!.Return(video);
        }
    }

    [Fact]
    public async Task A_image_known_from_before_is_neither_decoded_nor_encoded_nor_read_again_and_scores_to_the_same_bits()
    {
        using var engine = Load("image-2x3");
        var conversation = ImageConversations.Read("image-2x3")[0];
        var answers = new[] { "one", "another answer", conversation[^1].Text }.Select((text, i) => new Answer(i, text)).ToArray();
        var first = await ScoreAsync(engine, conversation[..^1], answers);
        var computed = engine.ComputedTokens;
        var second = await ScoreAsync(engine, [.. conversation[..^1].Select(m => m with { Parts = [.. m.Parts] })], answers);

        Assert.Equal(first, second);
        Assert.Equal(ImageConversations.Rewards("image-2x3")[0], second[2], Tolerance);
        Assert.Equal(1, engine.EncodedImages);
        Assert.Equal((1, 1), (engine.Reader.Store!.Hits, engine.Reader.Store.Misses));
        Assert.Equal(1, engine.Scheduler.Cache.Hits);
        Assert.InRange(engine.ComputedTokens - computed, 1, 100);   // of the answers alone, where the image has 2861

        // Another question about the same image reads its own words only.
        var other = ImageConversations.Read("image-2x3")[1];
        Assert.Equal(ImageConversations.Rewards("image-2x3")[1], await ScoreAsync(engine, other), Tolerance);
        Assert.Equal(1, engine.EncodedImages);
        Assert.Equal(1, engine.Scheduler.Cache.PartialHits);
    }

    [Fact]
    public async Task Without_memory_to_keep_anything_images_are_encoded_again_and_score_the_same()
    {
        using var engine = Load(
            "image-1x1", ImageConversations.Options with { ImageCacheBytes = 0, PromptCacheBytes = 0, TokensPerPass = 64 });
        var conversation = ImageConversations.Read("image-1x1")[0];
        var other = conversation[0] with { Parts = [new TextPart("What?"), ImageConversations.Image("multi-image", "image_1.png")] };
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ImageConversations.Rewards("image-1x1")[0], await ScoreAsync(engine, conversation), Tolerance);
            await ScoreAsync(engine, [other, conversation[1]]);
            await _worker.RunAsync(() => { }, Cancelled);
        }

        var store = engine.Reader.Store!;
        Assert.Equal((6, 6, 0, 0), (store.Encoded, store.Evictions, store.Bytes, store.Count));
    }

    [Fact]
    public async Task Images_that_wait_together_are_encoded_and_scored_together_as_if_alone()
    {
        using var engine = Load("multi-image");
        var conversation = ImageConversations.Read("multi-image")[0];
        ChatMessage[] About(string name, string file) =>
            [conversation[0] with { Parts = [ImageConversations.Image(name, file), new TextPart("Which?")] }, conversation[1]];
        ChatMessage[][] all =
        [
            About("image-1x1", "image_0.png"), conversation, About("image-portrait", "image_0.png"),
            [new("user", "No picture."), conversation[1]], About("multi-image", "image_1.png"),
        ];
        var together = await Task.WhenAll(all.Select(c => ScoreAsync(engine, c)));
        for (var i = 0; i < all.Length; i++)
        {
            using var fresh = Load("multi-image");
            Assert.Equal(await ScoreAsync(fresh, all[i]), together[i], Tolerance);
        }

        Assert.Equal(ImageConversations.Rewards("multi-image")[0], together[1], Tolerance);
        Assert.Equal(together.Length, together.Distinct().Count());
    }

    [Fact]
    public async Task A_file_that_is_no_image_is_named_with_the_reason()
    {
        using var engine = Load("image-1x1");
        var broken = new ImagePart("not a picture"u8.ToArray());
        var named = broken with { Source = "messages[7].content[3].image_url" };
        foreach (var (part, name) in new[] { (broken, "messages[1].content[1]: "), (named, "messages[7].content[3].image_url: ") })
        {
            await using var session = engine.Begin(new Prompt([new("system", "Look."), new("user", [new TextPart("What?"), part])]));
            var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => session.ScoreAsync([new Answer(0, "a")], Cancelled));
            Assert.StartsWith(name, failure.Message, StringComparison.Ordinal);
            Assert.Contains("not a picture of a known format", failure.Message, StringComparison.Ordinal);
            Assert.Same(part, failure.Failure.Part);
        }

        Assert.Equal(0, engine.Reader.Store!.Count);
    }

    [Fact]
    public async Task An_image_that_the_model_cannot_take_is_refused_before_anything_is_computed()
    {
        using var engine = Load("image-1x1");
        var broken = new ImagePart("not a picture"u8.ToArray());
        await using var session = engine.Begin(new Prompt([new("user", [broken])]));
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => session.SeePromptAsync(Cancelled));
        Assert.Same(broken, failure.Failure.Part);
        Assert.True(failure.IsPromptUnreadable);
        Assert.Equal((0, 0), (engine.ComputedTokens, engine.EncodedImages));

        await using var sound = engine.Begin(new Prompt(ImageConversations.Read("image-1x1")[0][..^1]));
        await sound.SeePromptAsync(Cancelled);
    }

    [Fact]
    public async Task Without_ffmpeg_a_video_is_a_server_error_that_blames_no_part_of_the_message()
    {
        var folder = GoldenFiles.Folder($"{ImageConversations.Family}/image-1x1");
        var network = NetworkLoader.RewardNetwork(folder, ScalarType.Float32, CPU);
        var tokenizer = TokenizerFiles.Load(folder);
        var store = new ImageStore(network.ImageEncoder!, network.Decoder, tokenizer.VocabularySize, budget: 0);
        using var engine = new ScoringEngine(
            "eye", network,
            new ConversationEncoder(ChatTemplate.Load(folder, network.Architecture, tokenizer).Encode, tokenizer, [], false, null), _worker,
            ImageConversations.Options,
            reader: new PromptReader(store, 9, (_, _, _) => Task.FromException<TiledImage>(new VideoToolMissingException("ffmpeg"))));
        await using var session = engine.Begin(new Prompt([new("user", [ImageConversations.Video])]));
        foreach (var call in (Func<Task>[])[() => session.SeePromptAsync(Cancelled),
            () => session.ScoreAsync([new Answer(0, "a")], Cancelled)])
        {
            var failure = await Assert.ThrowsAsync<ScoringFailedException>(call);
            Assert.True(failure.IsPromptUnreadable);
            Assert.Null(failure.Failure.Part);
            Assert.Contains("apt-get install ffmpeg", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_model_of_text_refuses_images_and_says_so_beforehand()
    {
        using var engine = ScoringEngine.Load(
            "text", GoldenFiles.Folder("internlm2-reward/gqa"), ScalarType.Float32, _worker, new ScoringOptions());
        Assert.False(engine.AcceptsPictures);
        await using var session = engine.Begin(new Prompt([new("user", [ImageConversations.Image("image-1x1", "image_0.png")])]));
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => session.ScoreAsync([new Answer(0, "a")], Cancelled));
        Assert.Contains("messages[0].content[0]: expected text, found a picture", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_number_of_tiles_changes_the_score()
    {
        using var coarse = Load("image-2x3", ImageConversations.Options with { HdNum = 1 });
        using var fine = Load("image-2x3");
        Assert.True(fine.AcceptsPictures);
        var conversation = ImageConversations.Read("image-2x3")[0];
        Assert.NotEqual(await ScoreAsync(fine, conversation), await ScoreAsync(coarse, conversation), Tolerance);
        Assert.InRange(coarse.ComputedTokens, 841, fine.ComputedTokens - 2000);
    }

    [Fact]
    public async Task Ids_of_a_image_that_the_sequence_did_not_bring_are_refused()
    {
        using var engine = Load("image-1x1");
        await using var session = engine.Begin(new Prompt(ImageConversations.Read("image-1x1")[0][..^1]));
        await session.ScoreAsync([new Answer(0, "a")], Cancelled);
        await using var thief = engine.Begin([]);
        await Assert.ThrowsAsync<ScoringFailedException>(
            () => thief.RewardAsync([[1, engine.Tokenizer!.VocabularySize + 1, 5]], Cancelled));
    }

    [Fact]
    public async Task A_conversation_with_a_role_that_the_model_does_not_know_is_an_error_and_an_answer_that_is_too_long_has_no_score()
    {
        using var engine = Load("image-1x1");
        await using var tool = engine.Begin(new Prompt([new("tool", "42")]));
        var unknown = await Assert.ThrowsAsync<ScoringFailedException>(() => tool.ScoreAsync([new Answer(0, "a")], Cancelled));
        Assert.Contains("expected system, user or assistant", unknown.Message, StringComparison.Ordinal);
        await using var session = engine.Begin(new Prompt(ImageConversations.Read("image-1x1")[0][..^1]));
        Assert.Null(Assert.Single(await session.ScoreAsync([new Answer(0, new string('x', 40_000))], Cancelled)));
    }

    public void Dispose() => _worker.Dispose();

    private static async Task<double> ScoreAsync(ScoringEngine engine, ChatMessage[] conversation) =>
        (await ScoreAsync(engine, conversation[..^1], new Answer(0, conversation[^1].Text)))[0];

    private static async Task<double[]> ScoreAsync(ScoringEngine engine, ChatMessage[] prompt, params Answer[] answers)
    {
        await using var session = ((IRewardModel)engine).Begin(new Prompt(prompt));
        return [.. (await session.ScoreAsync(answers, Cancelled)).Select(s => s!.Value.Value)];
    }

    private ScoringEngine Load(string name, ScoringOptions? options = null) => ScoringEngine.Load(
        "eye", GoldenFiles.Folder($"{ImageConversations.Family}/{name}"), ScalarType.Float32,
            _worker, options ?? ImageConversations.Options);
}
