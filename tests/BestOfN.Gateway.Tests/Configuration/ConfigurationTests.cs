using BestOfN.Core.Selection;
using BestOfN.Gateway.Configuration;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Gateway.Tests.Configuration;

public sealed class ConfigurationTests
{
    [Fact]
    public void All_mistakes_are_found_at_once_and_each_names_its_path()
    {
        var failures = Assert.Throws<OptionsValidationException>(() => Read(
            ("BestOfN:ListenUrl", "somewhere"),
            ("BestOfN:Candidates", "sixty"),
            ("BestOfN:MaxCandidates", "65"),
            ("BestOfN:Strategy", "luck"),
            ("BestOfN:TimeBudget", "1 minute"),
            ("BestOfN:Retries", "3"),
            ("BestOfN:MaxRequestBodyBytes", "1000000"),
            ("BestOfN:MaxPictureBytes", "750001"),
            ("BestOfN:MaxAttachments", "-1"),
            ("BestOfN:MaxHeldRequestBytes", "999999"),
            ("BestOfN:MaxConcurrentRequestsPerClient", "65"),
            ("BestOfN:MaxQueueTime", "-00:00:01"),
            ("BestOfN:RequestReadTimeout", "00:00:00"),
            ("BestOfN:MinRequestBytesPerSecond", "0"),
            ("BestOfN:MaxJsonValues", "0"),
            ("BestOfN:ShutdownDelay", "1.00:00:00"),
            ("BestOfN:ShutdownTimeout", "00:00:00"),
            ("BestOfN:CorsOrigins:0", "https://chat.example/path"),
            ("BestOfN:TrafficTexts", "true"),
            ("BestOfN:Models:e:Generator", "fake"),
            ("BestOfN:Models:e:RewardModel", "judge"),
            ("BestOfN:Models:e:Name", "c"),
            ("BestOfN:Models:llama3:8b:Generator", "fake"),
            ("BestOfN:Models:b:MaxSequences", "3"),
            ("BestOfN:Models:c:MaxSequences", "0"),
            ("BestOfN:RewardModels:judge:PromptCacheBytes", "-1"),
            ("BestOfN:RewardModels:judge:PictureCacheBytes", "-1"),
            ("BestOfN:RewardModels:judge:HdNum", "65"),
            ("BestOfN:RewardModels:judge:TokensPerPass", "3"),
            ("BestOfN:RewardModels:judge:QueueLength", "0"),
            ("BestOfN:RewardModels:judge:StepReward", "Best"),
            ("BestOfN:Models:c:QueueLength", "0"),
            ("BestOfN:Models:c:TokensPerPrefill", "1"),
            ("BestOfN:Models:c:MaxTokens", "0"),
            ("BestOfN:Models:a:Generator", "magic"),
            ("BestOfN:Models:a:RewardModel", "nobody"),
            ("BestOfN:Models:a@2:Generator", "fake"),
            ("BestOfN:Models:b:Generator", "fake"),
            ("BestOfN:Models:b:Candidates", "70"),
            ("BestOfN:Models:b:Strategy", "reward"),
            ("BestOfN:Models:b:Cluster", "c"),
            ("BestOfN:Models:c:Generator", "fake"),
            ("BestOfN:Models:c:RewardModel", "judge"),
            ("BestOfN:Models:c:Path", "no/such/folder"),
            ("BestOfN:Models:c:Device", "abacus"),
            ("BestOfN:Models:d:Colour", "red"),
            ("BestOfN:RewardModels:judge:Dtype", "int4"))).Failures.ToList();

        foreach (var path in (string[])
            [
                "BestOfN:ListenUrl", "BestOfN:Candidates", "BestOfN:MaxCandidates", "BestOfN:Strategy", "BestOfN:TimeBudget",
                "BestOfN:Retries",
                "BestOfN:Models:a:Generator", "BestOfN:Models:a:RewardModel", "BestOfN:Models:a@2", "BestOfN:Models:b:Candidates",
                "BestOfN:Models:b:Cluster",
                "BestOfN:Models:b:RewardModel", "BestOfN:Models:c:Path", "BestOfN:Models:c:Device", "BestOfN:Models:d:Colour",
                "BestOfN:Models:d:Generator",
                "BestOfN:MaxHeldRequestBytes", "BestOfN:MaxConcurrentRequestsPerClient", "BestOfN:MaxQueueTime",
                "BestOfN:RequestReadTimeout",
                "BestOfN:MinRequestBytesPerSecond", "BestOfN:MaxJsonValues", "BestOfN:ShutdownDelay", "BestOfN:ShutdownTimeout",
                "BestOfN:CorsOrigins", "BestOfN:TrafficTexts",
                "BestOfN:Models:e", "BestOfN:Models:llama3:8b", "BestOfN:MaxPictureBytes", "BestOfN:MaxVideoBytes",
                "BestOfN:MaxAttachments", "BestOfN:Models:b:MaxSequences", "BestOfN:Models:c:MaxSequences",
                "BestOfN:RewardModels:judge:PromptCacheBytes", "BestOfN:RewardModels:judge:PictureCacheBytes",
                "BestOfN:RewardModels:judge:TokensPerPass", "BestOfN:RewardModels:judge:QueueLength",
                "BestOfN:RewardModels:judge:StepReward", "BestOfN:Models:c:QueueLength", "BestOfN:Models:c:TokensPerPrefill",
                "BestOfN:Models:c:MaxTokens", "BestOfN:RewardModels:judge:HdNum", "BestOfN:RewardModels:judge:Dtype",
                "BestOfN:RewardModels:judge:Path",
            ])
        {
            Assert.True(
                failures.Exists(failure => failure.StartsWith(path + ":", StringComparison.Ordinal)),
                $"{path} is not among: {string.Join(" | ", failures)}");
        }
    }

    [Fact]
    public void A_colon_in_a_models_key_is_explained() => Assert.Contains(
        Assert.Throws<OptionsValidationException>(() => Read(("BestOfN:Models:llama3:8b:Generator", "fake"))).Failures,
        failure => failure.Contains("cannot hold ':'", StringComparison.Ordinal)
            && failure.Contains("\"Name\": \"llama3:8b\"", StringComparison.Ordinal));

    [Fact]
    public void No_model_at_all_is_a_mistake() =>
        Assert.Contains(
            Assert.Throws<OptionsValidationException>(() => Read()).Failures,
            failure => failure.StartsWith("BestOfN:Models:", StringComparison.Ordinal));

    [Fact]
    public void Values_are_read()
    {
        var options = Read(("BestOfN:Models:a:Generator", "fake"), ("BestOfN:Models:a:Strategy", "first"),
            ("BestOfN:TimeBudget", "00:00:07"), ("BestOfN:Candidates", "3"));
        Assert.Equal((3, TimeSpan.FromSeconds(7), "first"), (options.Candidates, options.TimeBudget, options.Models["a"].Strategy));
    }

    [Theory]
    [InlineData("BestOfN:Candidates", "5", 5, "")]
    [InlineData("BestOfN:Models:pocket:Candidates", "4", 4, "")]
    public async Task The_defaults_for_candidates_are_the_operators(string path, string value, int expected, string fields)
    {
        var generator = FakeGenerator.Answering("a");
        await using var gateway = new TestGateway(generator, settings: (path, value));
        await gateway.ChatAsync(fields).JsonAsync();
        Assert.Equal(expected, generator.Requests[0].Candidates);
    }

    [Fact]
    public async Task Budgets_limits_and_names_are_the_operators()
    {
        var generator = FakeGenerator.Answering("a").ThenHanging("b");
        var time = new FakeTimeProvider();
        await using var gateway = new TestGateway(generator, time: time, settings:
        [
            ("BestOfN:MaxCandidates", "8"), ("BestOfN:TimeBudget", "00:00:00.100"), ("BestOfN:TokenBudget", "321"),
            ("BestOfN:Strategy", "first"),
            ("BestOfN:Models:pocket:UpstreamModel", "org/name"),
        ]);
        await gateway.ChatAsync("\"best_of_n\":9").ErrorAsync(System.Net.HttpStatusCode.BadRequest);
        var answering = gateway.ChatAsync("""
            "best_of_n":{"return":"scores"}
            """).JsonAsync();
        await generator.Hung.WaitAsync(TestGateway.Cancellation);
        time.Advance(TimeSpan.FromMilliseconds(100));
        var first = await answering;
        Assert.Equal("first", (string?)first["best_of_n"]!["strategy"]);
        Assert.Equal("deadline", (string?)first["best_of_n"]!["degraded"]![0]);
        Assert.Equal((321, "org/name"), (generator.Requests[0].TokenBudget!.Value, generator.Requests[0].Model));
    }

    [Fact]
    public async Task A_model_has_a_rule_of_its_own()
    {
        await using var gateway = new TestGateway(settings: ("BestOfN:Models:other:Strategy", "majority_vote"));
        var other = await gateway.ChatAsync("""
            "best_of_n":{"return":"scores"}
            """, "other").JsonAsync();
        Assert.Equal("majority_vote", (string?)other["best_of_n"]!["strategy"]);
    }

    [Fact]
    public async Task A_model_that_makes_few_at_a_time_is_asked_for_no_more()
    {
        await using var gateway = new TestGateway(settings: ("BestOfN:Models:other:MaxSequences", "5"));
        await gateway.ChatAsync("\"best_of_n\":5", "other").JsonAsync();
        Assert.Equal(
            "best_of_n.n",
            (string?)(await gateway.ChatAsync("\"best_of_n\":6", "other").ErrorAsync(System.Net.HttpStatusCode.BadRequest))["param"]);
    }

    private static BestOfNOptions Read(params (string Path, string Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(pair => pair.Path, pair => (string?)pair.Value)).Build());
        services.AddSingleton<IHostEnvironment>(new Environment());
        services.AddSingleton(new SelectionStrategies(SelectionStrategies.BuiltIn));
        services.AddSingleton<IGeneratorSource>(new FakeGeneratorSource(FakeGenerator.Answering("a")));
        services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(FakeRewardModel.ByLength()));
        services.AddSingleton<IConfigureOptions<BestOfNOptions>, ConfigureBestOfNOptions>();
        services.AddSingleton<IValidateOptions<BestOfNOptions>, BestOfNOptionsValidator>();
        services.AddOptions();
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<BestOfNOptions>>().Value;
    }

    private sealed class Environment : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = "Production";

        public string ApplicationName { get; set; } = "test";

        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
