using System.Text.Json;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Weights;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Tests.Policy;

public sealed class RewardServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_policy_learns_from_the_rewards_of_another_server()
    {
        using var server = new RewardStub(answer => RewardStub.Reward(answer.Length));
        Environment.SetEnvironmentVariable("REWARD_SERVER_TEST_KEY", "secret-1");
        Train(Recipe(server.Url) with
        {
            Reward = new PolicyReward
            {
                Server = new PolicyRewardServer { Url = server.Url + "/judge/", Model = "rm", ApiKeyEnv = "REWARD_SERVER_TEST_KEY" },
            },
        });

        var step = Log()[0];
        Assert.InRange(step.GetProperty("score_mean").GetDouble(), 1, 24 * 8);
        Assert.Equal(0, step.GetProperty("missing_scores").GetInt32());
        Assert.All(server.Calls, call => Assert.Equal(("/judge/classify", "Bearer secret-1", "rm", 2), call));
        Assert.DoesNotContain(
            Directory.EnumerateFiles(_folder.Path, "*.json*", SearchOption.AllDirectories),
            f => File.ReadAllText(f).Contains("secret-1", StringComparison.Ordinal));
    }

    [Fact]
    public void Answers_that_the_server_gives_no_finite_reward_leave_the_batch()
    {
        using var server = new RewardStub(answer => RewardStub.Reward(answer.Length % 2 == 0 ? "NaN" : answer.Length));
        Train(Recipe(server.Url));
        var step = Log()[0];
        Assert.InRange(step.GetProperty("missing_scores").GetInt32(), 1, 15);
        Assert.True(double.IsFinite(step.GetProperty("score_mean").GetDouble()));
    }

    [Fact]
    public void A_server_that_refuses_everything_ends_the_training_with_its_words()
    {
        using var server = new RewardStub(_ => (404, new { error = new { message = "The model `rm` does not exist." } }));
        var thrown = Assert.Throws<InvalidOperationException>(() => Train(Recipe(server.Url)));
        Assert.Contains("The model `rm` does not exist.", thrown.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "policy")));
    }

    [Fact]
    public void A_training_goes_on_where_its_reward_server_has_moved_to()
    {
        var recipe = Recipe("") with { Training = Recipe("").Training with { Steps = 2, CheckpointEvery = 1 } };
        PolicyRecipe At(string url, string? model = null) =>
            recipe with { Reward = new PolicyReward { Server = new PolicyRewardServer { Url = url, Model = model } } };
        var asked = 0;
        using (var first = new RewardStub(
            answer => Interlocked.Increment(ref asked) <= 45 ? RewardStub.Reward(answer.Length) : (401, "gone")))
        {
            Assert.Throws<InvalidOperationException>(() => Train(At(first.Url)));
        }

        using var second = new RewardStub(answer => RewardStub.Reward(answer.Length));
        Assert.Throws<CheckpointException>(() => Train(At(second.Url, "another")));
        Train(At(second.Url));
        Assert.Equal([0, 1], Log().Select(step => step.GetProperty("step").GetInt32()));
    }

    [Fact]
    public void All_mistakes_of_a_reward_server_are_told_at_once()
    {
        var recipe = Recipe("ftp://judge") with { Worlds = [PocketWorlds.Text, PocketWorlds.Image] };
        var thrown = Assert.Throws<RecipeException>(() => Train(
            recipe with
            {
                Reward = recipe.Reward with
                {
                    Model = PocketPolicy.Model("pocket-reward"),
                    Server = recipe.Reward.Server! with
                    {
                        Protocol = "tei", Template = "mistral", ApiKeyEnv = "NO_SUCH_VARIABLE_HERE", Connections = 0,
                    },
                },
            }));
        Assert.All(
            ["reward: expected either model or server", "reward.server.url", "reward.server.template", "reward.server.api_key_env",
                "reward.server.connections", "reward.server.protocol: tei with a template sends no images"],
            part => Assert.Contains(part, thrown.Message, StringComparison.Ordinal));
        thrown = Assert.Throws<RecipeException>(() => Train(recipe with { Reward = new PolicyReward() }));
        Assert.Contains("found neither", thrown.Message, StringComparison.Ordinal);
        thrown = Assert.Throws<RecipeException>(() => Train(
            recipe with { Reward = new PolicyReward { Server = new PolicyRewardServer { Url = "http://judge", Protocol = "triton" } } }));
        Assert.Contains("vllm, sglang, openrlhf, tei, kserve, rerank", thrown.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string State => Path.Combine(_folder.Path, "state");

    private PolicyRecipe Recipe(string url)
    {
        var recipe = PocketPolicy.Recipe(_folder, "grpo");
        return recipe with
        {
            Reward = new PolicyReward { Server = new PolicyRewardServer { Url = url } },
            Training = recipe.Training with { Steps = 1, CheckpointEvery = 1 },
        };
    }

    private void Train(PolicyRecipe recipe) => Trainer.Run(recipe, State, cancellationToken: TestContext.Current.CancellationToken);

    private JsonElement[] Log() =>
        [.. File.ReadLines(Path.Combine(State, "steps.jsonl")).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
}
