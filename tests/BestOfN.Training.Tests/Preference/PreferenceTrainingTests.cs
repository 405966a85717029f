using BestOfN.Data.Preferences;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Preference;

public sealed class PreferenceTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void One_step_from_files_has_the_references_loss_and_moves_the_language_model_alone(bool checkpointing, int pairsAtOnce)
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs()) with
        {
            GradientCheckpointing = checkpointing, PairsAtOnce = pairsAtOnce,
        };
        var history = Train(recipe);

        var expected = TinyComposer.Read("text-batch", "expected.json").GetProperty("pairwise").GetProperty("loss_mean").GetDouble();
        Assert.Equal(expected, history.Losses.Single().Loss, 1e-4);
        Assert.Equal(0.5, history.Points.Single().HeldOut["training_accuracy"]);
        using var before = Checkpoint.Open(recipe.Base);
        using var after = Checkpoint.Open(recipe.Output);
        Assert.NotEqual(Bytes(before, "model.layers.0.attention.wqkv.weight"), Bytes(after, "model.layers.0.attention.wqkv.weight"));
        Assert.NotEqual(Bytes(before, "score.weight"), Bytes(after, "score.weight"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_step_on_a_image_leaves_every_frozen_byte_as_it_was(bool lora)
    {
        var recipe = Recipe("image-1x1", [TinyComposer.PicturePair()]);
        recipe = recipe with { Lora = lora ? new LowRankAdaptation { Rank = 4, Alpha = 4 } : null };
        Train(recipe);

        using var before = Checkpoint.Open(recipe.Base);
        using var after = Checkpoint.Open(recipe.Output);
        var frozen = after.Entries.Select(e => e.Name)
            .Where(n => n != "score.weight"
                && (!n.StartsWith("model.", StringComparison.Ordinal)
                    || (lora && (n.Contains("Plora", StringComparison.Ordinal) || n.Contains("norm", StringComparison.Ordinal)))))
            .ToArray();
        Assert.Contains("plora_sub_GN", frozen);
        Assert.All(frozen, name => Assert.Equal(Bytes(before, name), Bytes(after, name)));
        Assert.All(after.Entries, e => Assert.DoesNotContain("lora_sft", e.Name, StringComparison.Ordinal));
        Assert.NotEqual(Bytes(before, "model.layers.0.feed_forward.w1.weight"), Bytes(after, "model.layers.0.feed_forward.w1.weight"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_folder_that_is_written_scores_as_the_network_that_was_trained(bool lora)
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs());
        recipe = recipe with
        {
            Lora = lora ? new LowRankAdaptation { Rank = 4, Alpha = 8, Dropout = 0 } : null,
            Training = recipe.Training with { Steps = 3, LearningRate = 1e-2 },
        };
        var history = Train(recipe);
        Assert.True(history.Losses[^1].Loss < history.Losses[0].Loss, "three large steps on two pairs did not lower their loss");

        using var scoring = NetworkLoader.RewardNetwork(recipe.Output, ScalarType.Float32, CPU);
        Assert.Equal(9, scoring.MaxTiles);
        using var trained = TrainableNetwork.Load(recipe.Output, ScalarType.Float32, CPU, null, 1);
        using var scope = NewDisposeScope();
        var outcome = new PairGradient(trained, true).Measure(
            PairBatch.Of(TinyComposer.Judged("text-batch", trained, TinyComposer.TextPairs()), trained));
        Assert.Equal(history.Points[^1].HeldOut["pair_loss"], outcome.Loss / 2, 1e-4);
        Assert.True(File.Exists(Path.Combine(recipe.Output, "tokenizer.model")));
        Assert.Contains("\"textOnly\": 2", File.ReadAllText(Path.Combine(State, "data.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bfloat16_computes_nearly_the_same_and_still_learns_from_small_steps(bool lora)
    {
        var recipe = Recipe("image-1x1", [TinyComposer.PicturePair()]);
        recipe = recipe with
        {
            Lora = lora ? new LowRankAdaptation { Rank = 4, Alpha = 4, Dropout = 0 } : null,
            Training = recipe.Training with { Steps = 2, LearningRate = 1e-6 },
        };
        var exact = Train(recipe with { Output = Path.Combine(_folder.Path, "exact") }, Path.Combine(_folder.Path, "exact-state"));
        var history = Train(recipe with { Type = "bfloat16" });
        Assert.Equal(exact.Losses[0].Loss, history.Losses[0].Loss, 0.1);

        // Steps that are far below what bfloat16 can tell apart are kept all the same.
        using var before = Checkpoint.Open(recipe.Base);
        using var after = Checkpoint.Open(recipe.Output);
        Assert.NotEqual(Bytes(before, "score.weight"), Bytes(after, "score.weight"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]   // every third pair has no image: its step must treat the images' branch alike
    public void A_training_that_was_stopped_ends_where_an_undisturbed_one_does(bool lora)
    {
        var recipe = lora
            ? Recipe("text-batch", TinyComposer.TextPairs())
            : Recipe("image-1x1", [TinyComposer.PicturePair(), TinyComposer.PicturePair() with { Pictures = [] }]);
        recipe = recipe with
        {
            Lora = lora ? new LowRankAdaptation { Rank = 2, Alpha = 2, Dropout = 0.5 } : null,
            Training = recipe.Training with { Steps = 4, Batch = 1, CheckpointEvery = 2, LearningRate = 1e-2 },
        };
        Train(recipe);
        var expected = File.ReadAllBytes(Path.Combine(recipe.Output, "model.safetensors"));
        Directory.Delete(recipe.Output, recursive: true);

        using var stop = new CancellationTokenSource();
        var other = Path.Combine(_folder.Path, "stopped");
        var stopped = Assert.Throws<TrainingStoppedException>(() => Trainer.Run(recipe, other, new StopAfter(3, stop), stop.Token));
        Assert.Equal("pairs: saved at step 3 of 4; the same command goes on from there", stopped.Message);
        Assert.False(Directory.Exists(recipe.Output));
        Assert.Equal(3, Train(recipe, other).StepsBefore);
        Assert.Equal(expected, File.ReadAllBytes(Path.Combine(recipe.Output, "model.safetensors")));
    }

    [Fact]
    public void Pairs_that_are_too_long_are_left_out_and_counted()
    {
        // 34 and 127 tokens against 194 and more.
        var history = Train(Recipe("text-batch", TinyComposer.TextPairs()) with { MaxLength = 130 });
        Assert.Equal(1, history.Points.Single().HeldOut["left_out"]);
        Assert.Equal(Math.Log(1 + Math.Exp(3.3824162 - 0.82158023)), history.Losses.Single().Loss, 1e-4);
    }

    [Fact]
    public void Nothing_that_fits_is_an_error() =>
        Assert.Contains("max_length", Assert.Throws<PreferenceDataException>(
            () => Train(Recipe("text-batch", TinyComposer.TextPairs()) with { MaxLength = 5 })).Message, StringComparison.Ordinal);

    [Fact]
    public void An_output_that_is_there_is_refused_before_anything_is_trained()
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs());
        Directory.CreateDirectory(recipe.Output);
        File.WriteAllText(Path.Combine(recipe.Output, "mine"), "");
        Assert.Contains("output", Assert.Throws<RecipeException>(() => Train(recipe)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(State));
    }

    [Fact]
    public void A_number_that_makes_no_sense_is_named()
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs());
        void Refused(PreferenceRecipe wrong, string message) =>
            Assert.StartsWith(message, Assert.Throws<RecipeException>(() => Train(wrong)).Message, StringComparison.Ordinal);

        Refused(recipe with { Lora = new LowRankAdaptation { Rank = 0, Alpha = 1 } }, "lora.rank: expected at least 1, found 0");
        Refused(recipe with { Lora = new LowRankAdaptation { Rank = 1, Alpha = 1, Dropout = 1 } }, "lora.dropout");
        Refused(recipe with { HdNum = 0 }, "hd_num");
        Refused(recipe with { Type = "float8" }, "type: expected auto, float32 or bfloat16, found float8");
        Refused(recipe with { PairsAtOnce = 0 }, "pairs_at_once");
        Refused(recipe with { Training = recipe.Training with { LearningRate = double.NaN } }, "training.learning_rate");
    }

    [Fact]
    public void All_mistakes_of_a_recipe_are_told_together_with_files_that_are_missing()
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs()) with
        {
            Base = "no-base", HdNum = 0, HeldOut = [new DataSource("no-pairs.jsonl", "no-pictures")],
        };
        var refused = Assert.Throws<RecipeException>(() => Train(recipe));
        Assert.Equal(
            "4 mistakes: hd_num: expected 1..1024 tiles, found 0; base: there is no folder no-base; "
            + "held_out[0].path: there is no file no-pairs.jsonl; "
            + "held_out[0].images: there is no folder no-pictures.",
            refused.Message);
    }

    [Fact]
    public void A_training_stopped_between_a_step_and_its_measurement_measures_when_it_goes_on()
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs());
        recipe = recipe with { Training = recipe.Training with { Steps = 4, Batch = 1, CheckpointEvery = 2 } };
        using var stop = new CancellationTokenSource();
        var state = Path.Combine(_folder.Path, "stopped");
        Assert.Throws<TrainingStoppedException>(() => Trainer.Run(recipe, state, new StopAfter(2, stop), stop.Token));
        var resumed = Train(recipe, state);
        Directory.Delete(recipe.Output, recursive: true);
        var whole = Train(recipe);
        Assert.Equal(
            whole.Points.Select(p => (p.Step, p.Loss, p.HeldOut["training_accuracy"])),
            resumed.Points.Select(p => (p.Step, p.Loss, p.HeldOut["training_accuracy"])));
        Assert.Equal(whole.Losses, resumed.Losses);
    }

    [Fact]
    public void Pairs_that_changed_belong_to_another_training()
    {
        var recipe = Recipe("text-batch", TinyComposer.TextPairs());
        Train(recipe);
        Directory.Delete(recipe.Output, recursive: true);
        var text = File.ReadAllText(recipe.Data[0].Path);
        File.WriteAllLines(recipe.Data[0].Path, text.TrimEnd().Split('\n').Reverse());
        Assert.Contains("another version", Assert.Throws<CheckpointException>(() => Train(recipe)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_recipe_for_the_full_size_says_what_the_paper_and_its_script_say()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "config", "training", "ixc-2.5-reward.json");
        var recipe = Assert.IsType<PreferenceRecipe>(RecipeFile.Load(path));
        Assert.Equal(PreferenceRecipe.PublishedSchedule, recipe.Training);
        Assert.DoesNotContain("training", Assert.Throws<RecipeException>(recipe.Validate).Message, StringComparison.Ordinal);
        var t = recipe.Training;
        Assert.Equal((256, 1e-5, 0.01, 0.1, 0.95, 1.0), (t.Batch, t.LearningRate, t.Warmup, t.WeightDecay, t.Beta2, t.Epochs));
        Assert.Equal(
            (8192, 9, 2, "bfloat16", true),
            (recipe.MaxLength, recipe.HdNum, recipe.PicturePairsPerTextPair, recipe.Type, recipe.GradientCheckpointing));
        Assert.Null(recipe.Lora);
    }

    [Fact]
    public void The_learning_rate_rises_for_a_hundredth_of_the_steps_and_falls_to_zero_along_a_cosine()
    {
        var schedule = PreferenceRecipe.PublishedSchedule;
        Assert.Equal(1000, schedule.StepsFor(256_000));
        Assert.Equal(1e-6, schedule.LearningRateAt(0, 1000), 1e-12);
        Assert.Equal(1e-5, schedule.LearningRateAt(9, 1000), 1e-12);
        Assert.Equal(5e-6, schedule.LearningRateAt(505, 1000), 1e-12);
        Assert.InRange(schedule.LearningRateAt(999, 1000), 0, 1e-10);
    }

    public void Dispose() => _folder.Dispose();

    private string State => Path.Combine(_folder.Path, "state");

    private TrainingHistory Train(PreferenceRecipe recipe, string? state = null) =>
        Trainer.Run(recipe, state ?? State, null, TestContext.Current.CancellationToken);

    private PreferenceRecipe Recipe(string model, IReadOnlyList<PreferencePair> pairs)
    {
        var data = new DataSource(Path.Combine(_folder.Path, "pairs.jsonl"));
        File.WriteAllLines(data.Path, pairs.Select(TinyComposer.Record));
        return new PreferenceRecipe
        {
            Base = TinyComposer.Folder(model),
            Output = Path.Combine(_folder.Path, "output"),
            Seed = 1,
            Type = "float32",
            Data = [data],
            HeldOut = [data],
            Filters = new PairFilters { Strip = false },
            Training = PreferenceRecipe.PublishedSchedule with { Steps = 1, Batch = pairs.Count, LearningRate = 1e-4 },
        };
    }

    private static byte[] Bytes(Checkpoint checkpoint, string name)
    {
        using var tensor = checkpoint.Map(name);
        return tensor.bytes.ToArray();
    }

    private sealed class StopAfter(int step, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step)
            {
                source.Cancel();
            }
        }
    }
}
