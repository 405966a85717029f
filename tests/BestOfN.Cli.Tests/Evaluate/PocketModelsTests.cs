using BestOfN.Cli.Evaluate;
using BestOfN.Training.Evaluation;
using BestOfN.Training.Worlds;

namespace BestOfN.Cli.Tests.Evaluate;

/// <summary>The models that come with the product, on problems that their training never saw; well below what the model card reports, since few problems are asked here.</summary>
public sealed class PocketModelsTests
{
    [Theory]
    [InlineData(PocketWorlds.Text, null)]
    [InlineData(PocketWorlds.Image, 0.65)]
    public async Task Best_of_sixteen_beats_greedy_and_the_picture_matters(string world, double? mostWithAnotherPicture)
    {
        var sampling = new PoolSampling { World = world, Problems = 60, Samples = 16, Seed = 11, Model = "pocket-generator" };

        var pools = await EnginePools.Open(Folder("pocket-generator"), Folder("pocket-reward")).DrawAsync(sampling, null, TestContext.Current.CancellationToken);

        var curve = BestOfNCurve.Measure(pools, sampling.Seed);
        Assert.InRange(curve.Auc!.Value, 0.85, 1);
        Assert.InRange(curve.WeightedVote[^1], curve.Greedy + 0.1, 1);
        Assert.Equal(mostWithAnotherPicture is not null, curve.AucSwapped < mostWithAnotherPicture);
    }

    private static DirectoryInfo Folder(string model) => new(Path.Combine(AppContext.BaseDirectory, "config", "models", model));
}
