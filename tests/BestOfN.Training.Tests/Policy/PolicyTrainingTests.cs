using System.Text.Json;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy;

public sealed class PolicyTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("raft")]
    [InlineData("grpo")]
    [InlineData("ppo")]
    [InlineData("dpo")]
    public void Every_method_moves_the_policy_on_text_images_and_videos_and_logs_what_it_did(string method)
    {
        var recipe = PocketPolicy.Recipe(_folder, method) with
        {
            Worlds = [PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video], TrainsVision = true,
        };
        var history = Train(recipe);

        Assert.Equal([3], history.Points.Select(p => p.Step));
        Assert.All(
            ["greedy", "pass1", "score", "finished", "pocket-image pass1", "pocket-video greedy"],
            name => Assert.Contains(name, history.Points[0].HeldOut.Keys));
        using (var before = Checkpoint.Open(recipe.PolicyFolder))
        using (var after = Checkpoint.Open(recipe.Output))
        {
            Assert.All(
                ["model.layers.0.attention.wqkv.weight", "output.weight", "vision_proj.0.weight"],
                name => Assert.NotEqual(Bytes(before, name), Bytes(after, name)));
        }

        using (var model = NetworkLoader.LanguageModel(recipe.Output, ScalarType.Float32, CPU))
        {
            Assert.NotNull(model.ImageEncoder);
        }

        var steps = Log();
        Assert.Equal([0, 1, 2], steps.Select(s => s.GetProperty("step").GetInt32()));
        string[] logged =
        [
            "score_mean", "score_std", "score_min", "score_max", "score_within_std", "flat_groups", "missing_scores", "checker_mean",
            "length_mean", "length_p95", "truncated", "distinct_answers", "kl_per_answer", "kl_per_token", "k3_per_token", "kl_update",
            "clipped_low", "clipped_high", "clipped_dual", "ratio_mean", "ratio_max", "entropy", "gradient_norm", "learning_rate",
            "rollout_gap", "tokens_per_second_rollout", "tokens_per_second_scoring", "tokens_per_second_training", "seconds_rollout",
            "seconds_scoring", "seconds_training", .. method == "ppo" ? ["value_loss", "explained_variance"] : (string[])[],
        ];
        Assert.All(steps, s => Assert.All(logged, name => Assert.True(s.TryGetProperty(name, out _), name)));

        // The engine answers by the weights of before the step, with pictures and without.
        Assert.All(steps, s => Assert.InRange(s.GetProperty("rollout_gap").GetDouble(), 0, 1e-3));
        Assert.NotEqual(0, steps[0].GetProperty("score_within_std").GetDouble());
    }

    [Fact]
    public void The_steps_of_a_world_may_have_a_method_and_a_number_of_prompts_of_their_own()
    {
        var recipe = PocketPolicy.Recipe(_folder, "raft") with
        {
            Worlds = [PocketWorlds.Text, PocketWorlds.Image],
            ByWorld = [new() { World = PocketWorlds.Image, Method = "grpo", Batch = 2, Kl = new PolicyKl { Beta = 0.25 } }],
        };
        Train(recipe);
        Assert.Equal([0, 0.25, 0], Log().Select(step => step.GetProperty("kl_beta").GetDouble()));

        // The best of each of four groups; all answers of two groups.
        Assert.Equal([4, 2 * 4, 4], Log().Select(step => step.GetProperty("trained_answers").GetInt32()));
        var mistake = Assert.Throws<RecipeException>(() => Train(recipe with
        {
            ByWorld =
            [
                new() { World = PocketWorlds.Video, Shaping = new PolicyShaping { ScoreClip = -1 } },
                new() { World = PocketWorlds.Text, Method = "ppo", Batch = 0, Kl = new PolicyKl { Beta = -1 } },
            ],
        }));
        Assert.All(
            ["by_world[0].world: expected one of worlds", "by_world[0].shaping.score_clip", "by_world[1].method", "by_world[1].batch",
                "by_world[1].kl.beta"],
            part => Assert.Contains(part, mistake.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Steps_in_which_no_answer_is_good_enough_move_nothing()
    {
        var recipe = PocketPolicy.Recipe(_folder, "raft") with { RaftOptions = new PolicyRaft { MinScore = 1e6 } };
        Train(recipe);
        Assert.All(Log(), step => Assert.Equal(0, step.GetProperty("trained_answers").GetInt32()));
        var mistake = Assert.Throws<RecipeException>(
            () => Train(recipe with { RaftOptions = new PolicyRaft { MinScore = 5 }, Shaping = new PolicyShaping { ScoreClip = 3 } }));
        Assert.Contains("raft_options.min_score: expected at most shaping.score_clip", mistake.Message, StringComparison.Ordinal);
        using var before = Checkpoint.Open(recipe.PolicyFolder);
        using var after = Checkpoint.Open(recipe.Output);
        Assert.All(
            ["model.layers.0.attention.wqkv.weight", "output.weight"], name => Assert.Equal(Bytes(before, name), Bytes(after, name)));
    }

    [Theory]
    [InlineData("grpo")]
    [InlineData("ppo")]
    public void A_training_that_was_stopped_ends_where_an_undisturbed_one_does(string method)
    {
        var recipe = PocketPolicy.Recipe(_folder, method) with { Epochs = 2, Minibatches = 2 };
        recipe = recipe with
        {
            Kl = recipe.Kl with { Beta = 0.1, Target = 0.5, Horizon = 10, Place = method == "ppo" ? "reward" : "loss" },
            Training = recipe.Training with { CheckpointEvery = 2 },
        };
        Train(recipe);
        var expected = Weights(recipe);
        var lines = Log().Select(Numbers).ToArray();
        Directory.Delete(recipe.Output, recursive: true);
        Directory.Delete(State, recursive: true);

        using var stop = new CancellationTokenSource();
        Assert.Throws<TrainingStoppedException>(() => Trainer.Run(recipe, State, new StopAt(2, stop), stop.Token));
        Train(recipe);

        Assert.Equal(expected, Weights(recipe));
        Assert.Equal(lines, Log().Select(Numbers));
    }

    [Fact]
    public void Low_rank_changes_are_what_answers_and_merged_into_the_folder()
    {
        var recipe = PocketPolicy.Recipe(_folder, "grpo") with { Lora = new LowRankAdaptation { Rank = 4, Alpha = 8, Dropout = 0 } };
        recipe = recipe with { Training = recipe.Training with { LearningRate = 1e-2 } };
        Train(recipe);

        Assert.All(Log(), s => Assert.InRange(s.GetProperty("rollout_gap").GetDouble(), 0, 1e-3));
        Assert.NotEqual(0, Log()[2].GetProperty("kl_per_token").GetDouble(), 1e-4);
        using var before = Checkpoint.Open(recipe.PolicyFolder);
        using var after = Checkpoint.Open(recipe.Output);
        Assert.NotEqual(Bytes(before, "model.layers.1.feed_forward.w2.weight"), Bytes(after, "model.layers.1.feed_forward.w2.weight"));
        Assert.Equal(Bytes(before, "output.weight"), Bytes(after, "output.weight"));
        Assert.Equal(Bytes(before, "plora_sub_GN"), Bytes(after, "plora_sub_GN"));
    }

    [Fact]
    public void A_training_whose_policy_went_too_far_ends_and_tells_why()
    {
        var recipe = PocketPolicy.Recipe(_folder, "raft");
        recipe = recipe with
        {
            Stop = new PolicyStop { KlPer100Tokens = 1e-6 },
            Training = recipe.Training with { CheckpointEvery = 2, Steps = 8, LearningRate = 1e-2 },
        };
        var history = Train(recipe);
        Assert.Contains("nats per answer from its reference", history.Ending, StringComparison.Ordinal);
        Assert.True(history.Points[^1].Step < 8);
        Assert.True(File.Exists(Path.Combine(recipe.Output, "model.safetensors")));
    }

    [Fact]
    public void All_mistakes_of_a_recipe_are_told_at_once()
    {
        var recipe = PocketPolicy.Recipe(_folder, "ppo") with
        {
            Critic = null, Answers = 0, HdNum = 0, Worlds = ["pocket-smell"], Policy = "nowhere",
            Kl = new PolicyKl { Estimator = "k1" }, Loss = new PolicyLossOptions { Ratio = "gold", ClipLow = 2 },
        };
        var refused = Assert.Throws<RecipeException>(() => Train(recipe));
        Assert.All(
            [
                "critic: expected the critic of ppo", "answers: expected at least 1", "hd_num: expected 1..1024 tiles",
                "There is no world 'pocket-smell'", "policy: there is no folder nowhere", "kl.estimator: expected k2 or k3, found k1",
                "loss.ratio: expected sampling or reference, found gold", "loss.clip_low: expected a number between 0 and 1, found 2",
            ],
            mistake => Assert.Contains(mistake, refused.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_best_measurement_is_what_is_published_where_nothing_else_is_wanted()
    {
        var recipe = PocketPolicy.Recipe(_folder, "raft") with { Publish = "best" };
        recipe = recipe with { Training = recipe.Training with { LearningRate = 1 } };
        Train(recipe);
        using var before = Checkpoint.Open(recipe.PolicyFolder);
        using var after = Checkpoint.Open(recipe.Output);
        Assert.Equal(Bytes(before, "output.weight"), Bytes(after, "output.weight"));
    }

    public void Dispose() => _folder.Dispose();

    private string State => Path.Combine(_folder.Path, "state");

    private TrainingHistory Train(PolicyRecipe recipe) => Trainer.Run(recipe, State, null, TestContext.Current.CancellationToken);

    private JsonElement[] Log() =>
        [.. File.ReadLines(Path.Combine(State, "steps.jsonl")).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    // All that does not depend on how fast the machine was.
    private static string Numbers(JsonElement line) => string.Join(' ', line.EnumerateObject()
        .Where(p => !p.Name.Contains("second", StringComparison.Ordinal)).Select(p => $"{p.Name}={p.Value}"));

    private static byte[] Weights(PolicyRecipe recipe) => File.ReadAllBytes(Path.Combine(recipe.Output, "model.safetensors"));

    private static byte[] Bytes(Checkpoint checkpoint, string name)
    {
        using var tensor = checkpoint.Map(name);
        return [.. tensor.contiguous().bytes];
    }

    private sealed class StopAt(int step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step)
            {
                stop.Cancel();
            }
        }
    }
}
