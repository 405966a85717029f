using BestOfN.Core.Generation;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Pocket;

public sealed class PocketTrainingTests
{
    private static readonly string[] s_worlds = [PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video];

    private static readonly DecoderShape s_model =
        new() { HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 2, NumAttentionHeads = 2, NumKeyValueHeads = 2 };

    private static readonly PairSampling s_pairs = new() { Problems = 9, AnswersPerProblem = 2, HeldOutProblems = 9 };
    private static readonly Schedule s_schedule = new() { Steps = 3, Batch = 6, LearningRate = 1e-3, CheckpointEvery = 3 };

    [Fact]
    public async Task A_generator_trained_on_images_and_videos_is_a_folder_that_the_engine_loads_and_shows_images()
    {
        using var folder = new TemporaryFolder();
        var history = Trainer.Run(Generator(folder), Path.Combine(folder.Path, "state"), null, TestContext.Current.CancellationToken);
        Assert.All(s_worlds, world => Assert.Contains(world, history.Points[^1].HeldOut.Keys));

        using var worker = new DeviceWorker(CPU);
        using var engine = GenerationEngine.Load(
            Path.Combine(folder.Path, "generator"), ScalarType.Float32, worker, new GenerationOptions());
        Assert.True(engine.AcceptsPictures);
        var request = new GenerationRequest
        {
            Prompt = PocketWorlds.Of(PocketWorlds.Image).Draw(1, 0, Split.HeldOut).ToPrompt(),
            Candidates = 2,
            Model = "pocket",
            Sampling = new() { MaxTokens = 4 },
        };
        await using var generation = engine.Start(request, TestContext.Current.CancellationToken);
        var finished = 0;
        await foreach (var happened in generation.Events.WithCancellation(TestContext.Current.CancellationToken))
        {
            finished += happened is CandidateFinished ? 1 : 0;
        }

        Assert.Equal(2, finished);
        Assert.Equal(1, engine.EncodedImages);
    }

    [Fact]
    public void A_reward_training_on_images_says_when_the_generator_gives_nothing_to_compare()
    {
        using var folder = new TemporaryFolder();
        Trainer.Run(Generator(folder), Path.Combine(folder.Path, "state"), null, TestContext.Current.CancellationToken);
        var recipe = new PocketRewardRecipe
        {
            Worlds = s_worlds, Seed = 2, Generator = Path.Combine(folder.Path, "generator"), VocabularySize = 400,
            Model = s_model, Vision = Vision(hdNum: 4), ProcessSupervision = s_schedule, GuessesPerProblem = 3, Pairs = s_pairs,
            Training = s_schedule, Output = Path.Combine(folder.Path, "reward"),
        };

        var refused = Assert.Throws<RecipeException>(
            () => Trainer.Run(recipe, Path.Combine(folder.Path, "reward-state"), null, TestContext.Current.CancellationToken));

        Assert.Contains("right and wrong answers", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(recipe.Output));
    }

    [Fact]
    public void The_worlds_of_a_curriculum_phase_are_looked_at_where_it_has_steps()
    {
        using var folder = new TemporaryFolder();
        string Refusal(int steps) => Assert.ThrowsAny<Exception>(() => Trainer.Run(
            new PocketRewardRecipe
            {
                Worlds = [PocketWorlds.Text], Seed = 2,
                CurriculumPhase = new CurriculumPhase { Worlds = [PocketWorlds.Image], Steps = steps },
                Generator = Path.Combine(folder.Path, "no-generator"), VocabularySize = 400, Model = s_model,
                ProcessSupervision = s_schedule, GuessesPerProblem = 3, Pairs = s_pairs,
                Training = s_schedule, Output = Path.Combine(folder.Path, "reward"),
            },
            Path.Combine(folder.Path, $"state-{steps}"),
            null,
            TestContext.Current.CancellationToken)).Message;

        Assert.Contains("curriculum_phase.worlds: pocket-image shows images; expected vision", Refusal(1), StringComparison.Ordinal);
        Assert.DoesNotContain("vision", Refusal(0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_a_vision_encoder_is_not_trained_on_images()
    {
        using var folder = new TemporaryFolder();
        var recipe = Generator(folder) with { Vision = null };
        var refused = Assert.Throws<RecipeException>(
            () => Trainer.Run(recipe, Path.Combine(folder.Path, "state"), null, TestContext.Current.CancellationToken));

        Assert.Contains("vision", refused.Message, StringComparison.Ordinal);
    }

    private static GeneratorRecipe Generator(TemporaryFolder folder) => new()
    {
        Worlds = s_worlds, Seed = 1, VocabularySize = 400, Model = s_model, Vision = Vision(hdNum: 1), Training = s_schedule,
        HeldOutProblems = 3, Output = Path.Combine(folder.Path, "generator"),
    };

    private static VisionShape Vision(int hdNum) =>
        new() { HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 1, NumAttentionHeads = 2, HdNum = hdNum, PloraR = 4 };
}
