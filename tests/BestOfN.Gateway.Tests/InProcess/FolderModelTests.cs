using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Core.Failures;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.InProcess;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Scoring;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;

namespace BestOfN.Gateway.Tests.InProcess;

/// <summary>What the settings of models in process change in what they do.</summary>
public sealed class FolderModelTests : IDisposable
{
    private static readonly Prompt _text = new([new ChatMessage("user", "Which two of 24 1 28 13 26 21 add up to 47?")]);
    private static readonly Prompt _picture = new([new ChatMessage("user", [new TextPart("Which?"), SeeingModel.Picture])]);

    private readonly SeeingModel _model = new();
    private readonly DeviceWorkers _devices = new();
    private readonly HostingEnvironment _environment = new() { ContentRootPath = AppContext.BaseDirectory };
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    [Theory]
    [InlineData(1L << 30, true)]
    [InlineData(0L, false)]
    public async Task PromptCacheBytes_decides_whether_a_prompt_is_read_again(long bytes, bool isKept)
    {
        using var judge = Judge(new RewardModelOptions { PromptCacheBytes = bytes });
        await ScoreAsync(judge, _text);
        var (computed, reused) = (judge.ComputedTokens, judge.ReusedTokens);
        await ScoreAsync(judge, _text);

        Assert.Equal(isKept, judge.ReusedTokens > reused);
        Assert.Equal(isKept, judge.ComputedTokens - computed < computed / 2);
    }

    [Theory]
    [InlineData(1L << 28, 1)]
    [InlineData(0L, 2)]
    public async Task PictureCacheBytes_decides_whether_a_picture_is_encoded_again(long bytes, int encoded)
    {
        using var judge = Judge(new RewardModelOptions { HdNum = 1, PromptCacheBytes = 0, PictureCacheBytes = bytes });
        await ScoreAsync(judge, _picture);
        await ScoreAsync(judge, _picture);
        Assert.Equal(encoded, judge.EncodedImages);

        using var generator = Generator(new ModelOptions { HdNum = 1, PictureCacheBytes = bytes });
        await FinishAsync(generator, _picture);
        await FinishAsync(generator, _picture);
        Assert.Equal(encoded, generator.EncodedImages);
    }

    [Fact]
    public async Task HdNum_decides_how_many_tokens_a_picture_has()
    {
        // Tiles of 20 by 20 vectors with one at the end of every line, a separator, and the view of the whole.
        const int Coarse = (20 * 21) + 1 + (20 * 21);
        const int Fine = (40 * 61) + 1 + (20 * 21);
        using var coarse = Judge(new RewardModelOptions { HdNum = 1 });
        using var fine = Judge(new RewardModelOptions { HdNum = 9 });
        await ScoreAsync(coarse, _picture);
        await ScoreAsync(fine, _picture);
        Assert.Equal(Fine - Coarse, fine.ComputedTokens - coarse.ComputedTokens);

        using var coarseGenerator = Generator(new ModelOptions { HdNum = 1 });
        using var fineGenerator = Generator(new ModelOptions { HdNum = 9 });
        var (few, many) = (await FinishAsync(coarseGenerator, _picture), await FinishAsync(fineGenerator, _picture));
        Assert.Equal(Fine - Coarse, many.Usage.PromptTokens - few.Usage.PromptTokens);
    }

    [Fact]
    public async Task MaxSequences_is_how_many_candidates_a_request_may_have()
    {
        using var generator = Generator(new ModelOptions { MaxSequences = 2 });
        Assert.Equal(
            2,
            (await AllAsync(generator.Start(Request(_text, 2, tokens: 2), TestGateway.Cancellation))).OfType<CandidateFinished>().Count());
        var failure = await Assert.ThrowsAsync<GenerationFailedException>(
            () => AllAsync(generator.Start(Request(_text, 3, tokens: 2), TestGateway.Cancellation)));
        Assert.Equal(FailureKind.InvalidRequest, failure.Failure.Kind);
        Assert.Contains("1 to 2 candidates", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MaxSequences_is_how_many_candidates_are_made_at_the_same_time_over_all_requests()
    {
        using var generator = Generator(new ModelOptions { MaxSequences = 1 });
        var running = generator.Start(Request(_text, 1, tokens: 10_000), TestGateway.Cancellation);
        await using var pieces = running.Events.GetAsyncEnumerator(TestGateway.Cancellation);
        await pieces.MoveNextAsync();

        await using var waiting = generator.Start(Request(_text, 1, tokens: 2), TestGateway.Cancellation);
        var answer = AllAsync(waiting);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await pieces.MoveNextAsync());
            Assert.IsType<CandidateDelta>(pieces.Current);
            Assert.False(answer.IsCompleted);
        }

        await running.DisposeAsync();
        Assert.Single((await answer).OfType<CandidateFinished>());
    }

    [Fact]
    public async Task The_list_of_models_tells_how_each_is_computed_and_what_is_repeatable()
    {
        await using var gateway = new SocketGateway(null, Eye("true"));
        var computed = await ComputedAsync(gateway);
        foreach (var part in (string[])["generator", "reward_model"])
        {
            Assert.Equal("float32", (string?)computed[part]!["dtype"]);
            Assert.Matches("^(exact|within 0.0001)$", (string?)computed[part]!["repeatability"]);
            Assert.Contains("norms, rotations and gates: own", computed[part]!["kernels"]!.AsArray().Select(line => (string?)line));
        }
    }

    [Fact]
    public async Task OwnKernels_turns_the_own_kernels_of_every_model_off_and_answers_stay_the_same_to_the_tolerance()
    {
        await using var gateway = new SocketGateway(null, Eye("false"));
        var computed = await ComputedAsync(gateway);
        foreach (var part in (string[])["generator", "reward_model"])
        {
            Assert.Equal("within 0.0001", (string?)computed[part]!["repeatability"]);
            Assert.DoesNotContain(computed[part]!["kernels"]!.AsArray(), line => ((string)line!).Contains("own", StringComparison.Ordinal)
                && !((string)line!).EndsWith("because own kernels are turned off", StringComparison.Ordinal));
        }

        using var off = new DeviceWorkers(() => false);
        var scores = new List<double>();
        foreach (var devices in (DeviceWorkers[])[_devices, off])
        {
            using var judge = Judge(new RewardModelOptions(), devices);
            await using var session = judge.Begin(_text);
            scores.Add((await session.ScoreAsync([new Answer(0, "26+21=47")], TestGateway.Cancellation))[0]!.Value.Value);
        }

        Assert.Equal(scores[0], scores[1], 1e-4 * Math.Max(1, Math.Abs(scores[0])));
    }

    [Fact]
    public async Task What_a_generator_sees_is_counted_under_its_name()
    {
        await using var gateway = new SocketGateway(null,
            ("BestOfN:Models:eye:Generator", "folder"), ("BestOfN:Models:eye:Path", _model.GeneratorFolder),
            ("BestOfN:Models:eye:Dtype", "float32"),
            ("BestOfN:Models:eye:HdNum", "1"), ("BestOfN:Models:eye:Candidates", "1"));
        using var http = new HttpClient();
        var picture = Convert.ToBase64String(SeeingModel.Picture.Content.Span);
        var json = $$$"""
            {"model":"eye","max_tokens":2,"messages":[{"role":"user","content":[
              {"type":"image_url","image_url":{"url":"data:image/png;base64,{{{picture}}}"}}]}]}
            """;
        await http.PostAsync(
            new Uri($"{gateway.Endpoint}/chat/completions"), new StringContent(json, Encoding.UTF8, "application/json"),
            TestGateway.Cancellation).JsonAsync();

        var metrics = await http.GetStringAsync(new Uri(gateway.Endpoint, "/metrics"), TestGateway.Cancellation);
        var line = Assert.Single(metrics.Split('\n'), line => line.StartsWith("bestofn_generation_pictures", StringComparison.Ordinal)
            && line.Contains("gen_ai_request_model=\"eye\"", StringComparison.Ordinal));
        Assert.Equal("1", line[(line.IndexOf('}', StringComparison.Ordinal) + 2)..].Split(' ')[0]);
    }

    public void Dispose()
    {
        _devices.Dispose();
        _services.Dispose();
        _model.Dispose();
    }

    private (string, string)[] Eye(string ownKernels) =>
    [
        ("BestOfN:OwnKernels", ownKernels), ("BestOfN:Models:eye:Generator", "folder"),
        ("BestOfN:Models:eye:Path", _model.GeneratorFolder), ("BestOfN:Models:eye:Dtype", "float32"),
        ("BestOfN:Models:eye:RewardModel", "judge"), ("BestOfN:RewardModels:judge:Path", SeeingModel.RewardFolder),
        ("BestOfN:RewardModels:judge:Dtype", "float32"),
    ];

    /// <summary>What the list of models says when all are loaded.</summary>
    private static async Task<JsonNode> ComputedAsync(SocketGateway gateway)
    {
        using var http = new HttpClient();
        const string Json = """{"model":"eye","max_tokens":2,"best_of_n":{"n":2},"messages":[{"role":"user","content":"Which two of 24 1 """
            + """28 13 26 21 add up to 47?"}]}""";
        await http.PostAsync(
            new Uri($"{gateway.Endpoint}/chat/completions"), new StringContent(Json, Encoding.UTF8, "application/json"),
            TestGateway.Cancellation).JsonAsync();
        var list = JsonNode.Parse(await http.GetStringAsync(new Uri($"{gateway.Endpoint}/models"), TestGateway.Cancellation))!;
        return list["data"]!.AsArray().Single(model => (string?)model!["id"] == "eye")!["best_of_n"]!;
    }

    private ScoringEngine Judge(RewardModelOptions options, DeviceWorkers? devices = null) =>
        (ScoringEngine)new FolderRewardModelSource(devices ?? _devices, _environment, _services.GetRequiredService<IMeterFactory>())
        .Open("eye", options with { Path = SeeingModel.RewardFolder, Dtype = "float32" });

    private GenerationEngine Generator(ModelOptions options) =>
        (GenerationEngine)new FolderGeneratorSource(
            _devices, _environment, TimeProvider.System, _services.GetRequiredService<IMeterFactory>())
            .Open("eye", options with { Path = _model.GeneratorFolder, Dtype = "float32" });

    private static GenerationRequest Request(Prompt prompt, int candidates, int tokens) => new()
    {
        Prompt = prompt,
        Candidates = candidates,
        Model = "eye",
        Sampling = new SamplingParameters { MaxTokens = tokens, Seed = 1 },
    };

    private async Task ScoreAsync(ScoringEngine judge, Prompt prompt)
    {
        await using (var session = judge.Begin(prompt))
        {
            await session.ScoreAsync([new Answer(0, "26+21=47")], TestGateway.Cancellation);
        }

        await IdleAsync();
    }

    private async Task<Candidate> FinishAsync(GenerationEngine generator, Prompt prompt)
    {
        var events = await AllAsync(generator.Start(Request(prompt, 1, tokens: 1), TestGateway.Cancellation));
        await IdleAsync();
        return Assert.Single(events.OfType<CandidateFinished>()).Candidate;
    }

    /// <summary>What has been given back is freed by the device's own thread.</summary>
    private Task IdleAsync() => _devices.On("cpu").RunAsync(() => { }, TestGateway.Cancellation);

    private static async Task<List<GenerationEvent>> AllAsync(IGeneration generation)
    {
        await using (generation)
        {
            return await generation.Events.ToListAsync(TestGateway.Cancellation);
        }
    }
}
