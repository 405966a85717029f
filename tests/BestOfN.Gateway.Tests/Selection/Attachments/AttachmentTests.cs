using System.Net;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Selection.Attachments;

public sealed class AttachmentTests
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    private const string Picture = "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," + Png
        + "\",\"detail\":\"high\"}}";
    private const string Video = "{\"type\":\"video_url\",\"video_url\":{\"url\":\"data:video/mp4;codecs=avc1;base64,AAECAw==\"}}";
    private const string Field = "messages[0].content[1].image_url";

    [Fact]
    public async Task Generator_and_judge_see_pictures_and_videos_in_their_places()
    {
        var generator = Seeing("a", "bb");
        var judge = new FakeRewardModel(answer => answer.Text.Length) { AcceptsPictures = true };
        await using var gateway = new TestGateway(generator, judge);
        await gateway.PostAsync("/v1/chat/completions", Ask($"{Picture},{{\"type\":\"text\",\"text\":\"or\"}},{Video}")).JsonAsync();

        var prompt = Assert.Single(generator.Requests).Prompt;
        Assert.Same(prompt, Assert.Single(judge.Prompts));
        var parts = Assert.Single(prompt.Messages).Parts;
        Assert.Equal(["TextPart", "ImagePart", "TextPart", "VideoPart"], parts.Select(part => part.GetType().Name));
        Assert.Equal(Convert.FromBase64String(Png), ((ImagePart)parts[1]).Content.ToArray());
        Assert.Equal([0, 1, 2, 3], ((VideoPart)parts[3]).Content.ToArray());
        Assert.Equal($"{Field}.url", parts[1].Source);
    }

    [Theory]
    [InlineData("{\"url\":\"data:image/png;base64,AAAA\",\"detail\":\"\\ud800\"}", "not valid Unicode")]
    [InlineData(
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1"
        + "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "must be an object")]
    public async Task A_picture_that_is_nested_deeply_or_no_text_is_a_mistake_of_the_request(string picture, string reason)
    {
        await using var gateway = new TestGateway(Seeing("a"));
        var error = await gateway.PostAsync("/v1/chat/completions", Ask($"{{\"type\":\"image_url\",\"image_url\":{picture}}}", "pocket@1"))
            .ErrorAsync(HttpStatusCode.BadRequest);
        Assert.StartsWith(Field, (string?)error["param"], StringComparison.Ordinal);
        Assert.Contains(reason, (string?)error["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"https://example.org/a.png\"", "unsupported_url", HttpStatusCode.BadRequest)]
    [InlineData("\"file:///etc/passwd\"", "unsupported_url", HttpStatusCode.BadRequest)]
    [InlineData("\"http://169.254.169.254/latest\"", "unsupported_url", HttpStatusCode.BadRequest)]
    [InlineData("\"\"", "unsupported_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png;base64\"", "invalid_data_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png,AAAA\"", "invalid_data_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png;base64,AAA\"", "invalid_data_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png;base64,AA%3D\"", "invalid_data_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png;base64,\\ud800\"", "invalid_data_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png;base64,\"", "invalid_data_url", HttpStatusCode.BadRequest)]
    [InlineData("\"data:text/html;base64,AAAA\"", "unsupported_media_type", HttpStatusCode.BadRequest)]
    [InlineData("\"data:;base64,AAAA\"", "unsupported_media_type", HttpStatusCode.BadRequest)]
    [InlineData("7", "invalid_type", HttpStatusCode.BadRequest)]
    [InlineData("null", null, HttpStatusCode.BadRequest)]
    [InlineData("\"data:image/png;base64,AAECAwQFBgcICQ==\"", "part_too_large", HttpStatusCode.RequestEntityTooLarge)]
    public async Task A_picture_that_cannot_be_read_is_named(string url, string? code, HttpStatusCode status)
    {
        var generator = Seeing("a");
        await using var gateway = new TestGateway(generator, settings: ("BestOfN:MaxPictureBytes", "9"));
        var error = await gateway
            .PostAsync("/v1/chat/completions", Ask($"{{\"type\":\"image_url\",\"image_url\":{{\"url\":{url}}}}}", "pocket@1"))
            .ErrorAsync(status);

        Assert.Equal($"{Field}.url", (string?)error["param"]);
        Assert.Equal(code, (string?)error["code"]);
        Assert.Empty(generator.Requests);
    }

    [Theory]
    [InlineData("BestOfN:MaxVideoBytes", "3", "messages[0].content[2].video_url.url", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("BestOfN:MaxAttachments", "1", "messages[0].content[2].video_url", HttpStatusCode.BadRequest)]
    [InlineData("BestOfN:MaxAttachments", "0", "messages[0].content[1].image_url", HttpStatusCode.BadRequest)]
    public async Task Sizes_and_numbers_are_the_operators(string path, string value, string param, HttpStatusCode status)
    {
        await using var gateway = new TestGateway(Seeing("a"), settings: (path, value));
        Assert.Equal(
            param,
            (string?)(await gateway.PostAsync("/v1/chat/completions", Ask($"{Picture},{Video}", "pocket@1")).ErrorAsync(status))["param"]);
    }

    [Theory]
    [InlineData("data:image\\/png;base64,A\\u0041E\\/")]
    [InlineData("DATA:IMAGE/PNG;BASE64,AAE/\\n")]
    public async Task Escapes_and_capitals_change_nothing(string url)
    {
        var generator = Seeing("a");
        await using var gateway = new TestGateway(generator);
        await gateway.PostAsync("/v1/chat/completions", Ask($"{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"{url}\"}}}}", "pocket@1"))
            .JsonAsync();
        Assert.Equal([0, 1, 63], Assert.IsType<ImagePart>(generator.Requests[0].Prompt.Messages[0].Parts[1]).Content.ToArray());
    }

    [Fact]
    public async Task Who_cannot_see_is_said()
    {
        await using var blindGenerator = new TestGateway(FakeGenerator.Answering("a"));
        var error = await blindGenerator.PostAsync("/v1/chat/completions", Ask(Picture, "pocket@1")).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal((Field, "unsupported_content"), ((string?)error["param"], (string?)error["code"]));
        Assert.Contains("The model 'pocket' cannot see", (string?)error["message"], StringComparison.Ordinal);

        await using var blindJudge = new TestGateway(relays: true);
        error = await blindJudge.PostAsync("/v1/chat/completions", Ask(Picture)).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal(Field, (string?)error["param"]);
        Assert.Contains("The reward model 'fake-reward' cannot see", (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_passes_through_is_not_even_read()
    {
        var generator = FakeGenerator.Answering("a");
        var json = Ask("{\"type\":\"image_url\",\"image_url\":\"https://example.org/a.png\"}", "pocket@1");
        await using var gateway = new TestGateway(generator, relays: true, settings: ("BestOfN:MaxAttachments", "0"));
        await gateway.PostAsync("/v1/chat/completions", json).JsonAsync();
        Assert.Equal(json, System.Text.Encoding.UTF8.GetString(generator.Requests[0].Body.Span));

        await gateway.PostAsync(
            "/v1/chat/completions",
            Ask(Picture, "pocket@8").Replace("\"model\"", "\"temperature\":0,\"model\"", StringComparison.Ordinal)).JsonAsync();
        Assert.Equal(2, generator.Requests.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_picture_that_turns_out_to_be_broken_is_the_clients_mistake(bool generatorFinds)
    {
        var prompts = new List<Prompt>();
        var judge = new FakeRewardModel(_ => throw new ScoringFailedException(
            Failure.Unreadable(prompts[0].Messages[0].Parts[1], "The picture is truncated."))) { AcceptsPictures = true };
        var part = new ImagePart(default) { Source = $"{Field}.url" };
        var failure = new GenerationFailedException(Failure.Unreadable(part, "The picture is truncated."));
        var generator = new FakeGenerator(generatorFinds ? new FakeCandidate("") { Failure = failure } : "a") { AcceptsPictures = true };
        await using var gateway = new TestGateway(generator, rewardModel: new Remembering(judge, prompts));

        var error = await gateway.PostAsync("/v1/chat/completions", Ask(Picture)).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal(
            ($"{Field}.url", "invalid_image", "The picture is truncated."),
            ((string?)error["param"], (string?)error["code"], (string?)error["message"]));
    }

    [Fact]
    public async Task What_the_server_lacks_to_see_a_video_is_its_own_fault_and_costs_no_candidate()
    {
        var generator = Seeing("a", "b");
        var missing = new ScoringFailedException(new Failure(FailureKind.Unavailable, "Videos need ffmpeg.")) { IsPromptUnreadable = true };
        var judge = new FakeRewardModel(_ => 0) { AcceptsPictures = true, Sight = _ => throw missing };
        await using var gateway = new TestGateway(generator, judge, relays: true);

        var error = await gateway.PostAsync("/v1/chat/completions", Ask(Video)).ErrorAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Equal(
            ("server_error", "scoring_failed", "Videos need ffmpeg."),
            ((string?)error["type"], (string?)error["code"], (string?)error["message"]));
        Assert.Empty(generator.Requests);
    }

    private static FakeGenerator Seeing(params string[] texts) => new([.. texts.Select(FakeCandidate.FromText)]) { AcceptsPictures = true };

    private static string Ask(string parts, string model = "pocket") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":[{"type":"text","text":"Which?"},{{parts}}]}]}""";

    private sealed class Remembering(IRewardModel judge, List<Prompt> prompts) : IRewardModel
    {
        public string Name => judge.Name;

        public bool AcceptsPictures => judge.AcceptsPictures;

        public IScoringSession Begin(Prompt prompt)
        {
            prompts.Add(prompt);
            return judge.Begin(prompt);
        }
    }
}
