using System.Text.Json;
using BestOfN.Data.Preferences;
using BestOfN.Inference.Weights;
using BestOfN.Training.Recipes;
using BestOfN.Training.Tests.Preference;

namespace BestOfN.Training.Tests.Policy;

public sealed class FullSizeRecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_full_size_recipe_has_the_numbers_of_the_paper()
    {
        var recipe = Published();
        Assert.Equal("ppo", recipe.Method);
        Assert.Equal((5e-5, 256), (recipe.Training.LearningRate, recipe.Training.Batch * recipe.Answers));
        Assert.Equal((0.99, 0.95), (recipe.Critic!.Gamma, recipe.Critic.Lambda));
        Assert.Equal((0.2, 0.2), (recipe.Loss.ClipLow, recipe.Loss.ClipHigh));
        Assert.Equal(recipe.Reward.Model, recipe.Critic.Model);
        Assert.Equal("sampling", recipe.Loss.Ratio);
    }

    [Theory]
    [InlineData("text-batch", "sampling")]
    [InlineData("text-batch", "reference")]
    [InlineData("image-1x1", "sampling")]
    public void The_full_size_recipe_trains_the_tiny_model_of_the_family(string fixture, string ratio)
    {
        var published = Published();
        var pairs = fixture == "text-batch" ? TinyComposer.TextPairs() : [TinyComposer.PicturePair()];
        var data = Path.Combine(_folder.Path, "data.jsonl");
        File.WriteAllLines(data, pairs.Select(TinyComposer.Record));
        var recipe = published with
        {
            Policy = TinyChat.Write(_folder, fixture),
            Reward = new PolicyReward { Model = TinyComposer.Folder(fixture) },
            Critic = published.Critic! with { Model = TinyComposer.Folder(fixture) },
            Data = [new DataSource(data)], HeldOut = [new DataSource(data)], HeldOutPrompts = 2,
            Device = "cpu", Type = "float32", MaxNewTokens = 6, Minibatches = 1, Publish = "last",
            Loss = published.Loss with { Ratio = ratio },
            Training = published.Training with { Steps = 3, Batch = pairs.Length, LearningRate = 1e-3, CheckpointEvery = 3 },
            Output = Path.Combine(_folder.Path, "policy"),
        };
        var history = Trainer.Run(recipe, Path.Combine(_folder.Path, "state"), null, TestContext.Current.CancellationToken);

        Assert.Contains("score", history.Points[^1].HeldOut.Keys);
        var steps = File.ReadLines(Path.Combine(_folder.Path, "state", "steps.jsonl"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToArray();
        Assert.All(steps, s => Assert.InRange(s.GetProperty("rollout_gap").GetDouble(), 0, 1e-3));
        Assert.All(steps, s => Assert.True(s.TryGetProperty("value_loss", out _)));
        using var before = Checkpoint.Open(recipe.Policy);
        using var after = Checkpoint.Open(recipe.Output);
        Assert.Equal(before.Entries.Select(e => e.Name).Order(), after.Entries.Select(e => e.Name).Order());
        Assert.NotEqual(Sum(before, "model.layers.0.attention.wqkv.weight"), Sum(after, "model.layers.0.attention.wqkv.weight"));
        Assert.Equal(Sum(before, "vision_proj.0.weight"), Sum(after, "vision_proj.0.weight"));
    }

    public void Dispose() => _folder.Dispose();

    private static PolicyRecipe Published() => (PolicyRecipe)RecipeFile.Load(
        Path.Combine(AppContext.BaseDirectory, "config", "training", "ixc-2.5-chat.json"), PolicyRecipe.Name);

    private static double Sum(Checkpoint checkpoint, string name)
    {
        using var tensor = checkpoint.Map(name);
        return tensor.to(TorchSharp.torch.ScalarType.Float64).sum().item<double>();
    }
}
