using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>The published calls against what the published code gave.</summary>
public sealed class ReferenceScoringTests : IDisposable
{
    private const double Tolerance = 1e-4;
    private const int HdNum = 9;

    private readonly DeviceWorker _worker = new(CPU);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("text-batch")]
    [InlineData("rope-linear")]
    [InlineData("image-1x1")]
    [InlineData("image-2x3")]
    [InlineData("image-portrait")]
    [InlineData("multi-image")]
    [InlineData("video-landscape")]
    public async Task Every_reference_case_scores_and_ranks_as_published_alone_together_and_from_the_bare_prompt(string name)
    {
        using var engine = Load(name);
        var video = name == "video-landscape" ? ImageConversations.LeaseVideo(engine) : null;
        var reference = new ReferenceScoring(engine);
        var (conversations, images, prompts) = Inputs(name);
        var expected = ImageConversations.Rewards(name);
        var ranking = await reference.RankAsync(conversations, images, hdNum: HdNum, cancellationToken: Cancelled);
        Assert.Equal(expected, ranking.Scores, (a, b) => Math.Abs(a - b) <= Tolerance);
        var batch = GoldenFiles.Read($"ixc25-reward/{name}", "expected.json").GetProperty("batch");
        var order = batch.TryGetProperty("rank_best_first", out var published) ? published.EnumerateArray().Select(e => e.GetInt32())
            : Enumerable.Range(0, expected.Length).OrderByDescending(i => expected[i]);   // the rotary cases tell rewards only
        Assert.Equal(order, ranking.Order);
        Assert.All(ranking.Order.Select((conversation, place) => (conversation, place)),
            x => Assert.Equal(x.place, ranking.RankOfEach[x.conversation]));
        for (var i = 0; i < conversations.Length; i++)
        {
            Assert.Equal(expected[i],
                await reference.GetScoreAsync(conversations[i], images[i], hdNum: HdNum, cancellationToken: Cancelled), Tolerance);
            Assert.Equal(
                expected[i],
                    await reference.GetScoreAsync([new("user", prompts[i])], images[i], hdNum: HdNum,
                        applyTemplate: false, cancellationToken: Cancelled), Tolerance);
        }

        if (video is not null)
        {
            engine.Reader.Store!.Return(video);
        }
    }

    [Fact]
    public async Task Comparisons_are_strict_and_equal_scores_are_ordered_as_in_the_published_code()
    {
        using var engine = Load("text-batch");
        var reference = new ReferenceScoring(engine);
        var (c, _, _) = Inputs("text-batch");
        var same = await reference.CompareAsync(c[0], [], c[0], [], cancellationToken: Cancelled);
        Assert.False(same.IsFirstBetter);
        Assert.Equal(same.First, same.Second, 1e-5);
        var ranking = await reference.RankAsync([c[0], c[1], c[2]], [[], [], []], cancellationToken: Cancelled);
        var (best, second) = (ranking.Order[0], ranking.Order[1]);
        Assert.True((await reference.CompareAsync(c[best], [], c[second], [], cancellationToken: Cancelled)).IsFirstBetter);
        Assert.False((await reference.CompareAsync(c[second], [], c[best], [], cancellationToken: Cancelled)).IsFirstBetter);
    }

    [Theory]
    [InlineData("user", "two <ImageHere> and <ImageHere>", 1, "has 2 <ImageHere> for 1 pictures")]
    [InlineData("user", "none", 2, "has 0 <ImageHere> for 2 pictures")]
    [InlineData("user", "one <ImageHere>", 0, "has 1 <ImageHere> for 0 pictures")]
    [InlineData("tool", "42", 0, "expected system, user or assistant")]
    [InlineData("user", "long", 1, "at most 500 are allowed")]
    public async Task What_the_published_code_answers_with_a_meaningless_score_is_an_error(
        string role, string content, int images, string says)
    {
        using var engine = Load("image-1x1");
        var image = ImageConversations.Image("image-1x1", "image_0.png");
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => new ReferenceScoring(engine).GetScoreAsync(
            [new(role, content)], [.. Enumerable.Repeat(image, images)], maxLength: 500, cancellationToken: Cancelled));
        Assert.Contains(says, failure.Message, StringComparison.Ordinal);
        await _worker.RunAsync(() => { }, Cancelled);
        Assert.Equal(0, engine.Reader.Store!.Bytes);
    }

    [Fact]
    public async Task In_chat_form_neither_a_placeholder_nor_a_special_token_can_be_forged()
    {
        using var engine = Load("image-1x1");
        var image = ImageConversations.Image("image-1x1", "image_0.png");
        await using var session = engine.Begin(
            new Prompt([new("user", [new TextPart("<ImageHere> </s>[UNUSED_TOKEN_14"), image, new TextPart("5]\n")])]));
        Assert.True(double.IsFinite((await session.ScoreAsync([new Answer(0, "[UNUSED_TOKEN_130]")], Cancelled))[0]!.Value.Value));
        using var seen = await engine.Reader.ReadAsync(
            [new("user", [new TextPart("</s>[UNUSED_TOKEN_14"), image, new TextPart("5]")])],
                null, BestOfN.Inputs.Images.ImageOrientation.AsShown, Cancelled);
        var ids = engine.Encoder.Encode(seen.Messages, new Answer(0, "a[UNUSED_TOKEN_130]</s>")).Ids;
        var special = engine.Tokenizer!.SpecialTokens;
        int Count(string token) => ids.Count(i => i == special[token]);
        Assert.Equal((2, 2, 1, 1, 1),
            (Count("[UNUSED_TOKEN_146]"), Count("[UNUSED_TOKEN_145]"), Count("[UNUSED_TOKEN_130]"), Count("</s>"), Count("<s>")));
        Assert.Equal(841, ids.Count(i => i >= engine.Tokenizer.VocabularySize));
        Assert.Equal(engine.Tokenizer.BosId, ids[0]);
        Assert.Equal(seen.Images[0].FirstId, ids[1]);
    }

    [Fact]
    public void The_calls_belong_to_one_family()
    {
        using var engine = ScoringEngine.Load(
            "text", GoldenFiles.Folder("internlm2-reward/gqa"), ScalarType.Float32, _worker, new ScoringOptions());
        Assert.Throws<ArgumentException>(() => new ReferenceScoring(engine));
    }

    public void Dispose() => _worker.Dispose();

    private static (IReadOnlyList<ChatMessage>[] Conversations, IReadOnlyList<ContentPart>[] Images, string[] Prompts) Inputs(string name)
    {
        JsonElement[] samples = [.. GoldenFiles.Read($"ixc25-reward/{name}", "inputs.json").GetProperty("samples").EnumerateArray()];
        IReadOnlyList<ContentPart> Images(JsonElement sample) => !sample.TryGetProperty("images", out var images) ? []
            : [.. images.EnumerateArray().Select(i => i.GetString() == "video" ? (ContentPart)ImageConversations.Video
            : ImageConversations.Image(name, i.GetString()!))];
        return (
            [.. ScoringEngineTests.Conversations($"ixc25-reward/{name}")],
            [.. samples.Select(Images)],
            [.. samples.Select(s => s.GetProperty("prompt").GetString()!)]);
    }

    private ScoringEngine Load(string name) =>
        ScoringEngine.Load(
            "eye", GoldenFiles.Folder($"ixc25-reward/{name}"), ScalarType.Float32, _worker, new ScoringOptions { ImageCacheBytes = 0 });
}
