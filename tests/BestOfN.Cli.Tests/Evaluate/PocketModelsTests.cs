using BestOfN.Cli.Evaluate;
using BestOfN.Data.Evaluation;
using BestOfN.Data.Worlds;

namespace BestOfN.Cli.Tests.Evaluate;

/// <summary>The models that come with the product, on problems that their training never saw; well below what the model card reports, since
/// few problems are asked here.</summary>
public sealed class PocketModelsTests
{
    [Theory]
    [InlineData(PocketWorlds.Text, 60)]
    [InlineData(PocketWorlds.Image, 60)]
    [InlineData(PocketWorlds.Video, 30)]
    public async Task Best_of_sixteen_beats_greedy_and_the_picture_matters(string world, int problems)
    {
        Assert.SkipWhen(world == PocketWorlds.Video && !HasFFmpeg(), "ffmpeg is not installed.");
        var sampling = new PoolSampling { World = world, Problems = problems, Samples = 16, Seed = 11, Model = "pocket-generator" };

        var pools = await EnginePools.Open(Folder("pocket-generator"), Folder("pocket-reward"))
            .DrawAsync(sampling, null, TestContext.Current.CancellationToken);

        var curve = BestOfNCurve.Measure(pools, sampling.Seed);
        Assert.InRange(curve.Auc!.Value, 0.85, 1);
        Assert.InRange(curve.WeightedVote[^1], curve.Greedy + 0.1, 1);
        Assert.Equal(world == PocketWorlds.Text, curve.AucSwapped is null);
        if (world != PocketWorlds.Text)
        {
            Assert.InRange(curve.AucPlausible!.Value, 0.9, 1);
            Assert.InRange(curve.AucSwapped!.Value, 0.35, 0.65);
        }
    }

    [Theory]
    [InlineData(PocketWorlds.Text, 250, 0.05)]
    [InlineData(PocketWorlds.Image, 100, 0.2)]
    public async Task The_policy_that_the_reward_trained_is_right_more_often_than_the_generator_it_started_from(
        string world, int problems, double least)
    {
        var sampling = new PoolSampling { World = world, Problems = problems, Samples = 4, Seed = 13, Model = "pocket" };
        Task<IReadOnlyList<CandidatePool>> DrawAsync(string generator) =>
            EnginePools.Open(Folder(generator), Folder("pocket-reward")).DrawAsync(sampling, null, TestContext.Current.CancellationToken);
        var comparison = BestOfNComparison.Measure(await DrawAsync("pocket-generator"), await DrawAsync("pocket-policy"));
        Assert.InRange(comparison.Pass[0].Value, least, 1);
        Assert.Equal(3, comparison.Families.Count);
    }

    [Fact]
    public async Task More_problems_than_a_queue_holds_by_default_are_measured_at_a_time()
    {
        var sampling = new PoolSampling
        {
            World = PocketWorlds.Text, Problems = 300, Samples = 1, Seed = 12, Model = "pocket-generator",
            Sampling = new() { MaxTokens = 4 },
        };
        var pools = await EnginePools.Open(Folder("pocket-generator"), Folder("pocket-reward"))
            .DrawAsync(sampling, null, TestContext.Current.CancellationToken);
        Assert.Equal(300, pools.Count);
    }

    private static DirectoryInfo Folder(string model) => new(Path.Combine(AppContext.BaseDirectory, "config", "models", model));

    private static bool HasFFmpeg() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "ffmpeg")));
}
