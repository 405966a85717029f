using BestOfN.Core.Generation;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using BestOfN.Training.Loops;
using BestOfN.Training.Pocket;
using BestOfN.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Pocket;

public sealed class PocketTrainingTests
{
    private static readonly string[] s_worlds = [PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video];
    private static readonly DecoderShape s_model = new() { HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 2, NumAttentionHeads = 2, NumKeyValueHeads = 2 };
    private static readonly Schedule s_schedule = new() { Steps = 3, Batch = 6, LearningRate = 1e-3, CheckpointEvery = 3 };

    [Fact]
    public async Task A_generator_trained_on_pictures_and_videos_is_a_folder_that_the_engine_loads_and_shows_pictures()
    {
        using var folder = new TemporaryFolder();
        var history = GeneratorTraining.Run(Generator(folder), Path.Combine(folder.Path, "state"), null, TestContext.Current.CancellationToken);
        Assert.All([PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video], world => Assert.Contains(world, history.Points[^1].HeldOut.Keys));

        using var worker = new DeviceWorker(CPU);
        using var engine = GenerationEngine.Load(Path.Combine(folder.Path, "generator"), ScalarType.Float32, worker, new GenerationOptions());
        Assert.True(engine.AcceptsPictures);
        var request = new GenerationRequest
        {
            Prompt = PocketWorlds.Of(PocketWorlds.Image).Draw(1, 0, Split.HeldOut).ToPrompt(), Candidates = 2, Model = "pocket", Sampling = new() { MaxTokens = 4 },
        };
        await using var generation = engine.Start(request, TestContext.Current.CancellationToken);
        var finished = 0;
        await foreach (var happened in generation.Events.WithCancellation(TestContext.Current.CancellationToken))
        {
            finished += happened is CandidateFinished ? 1 : 0;
        }

        Assert.Equal(2, finished);
        Assert.Equal(1, engine.EncodedPictures);
    }

    [Fact]
    public void A_reward_training_on_pictures_finds_flaws_and_says_when_the_generator_gives_nothing_to_compare()
    {
        using var folder = new TemporaryFolder();
        GeneratorTraining.Run(Generator(folder), Path.Combine(folder.Path, "state"), null, TestContext.Current.CancellationToken);
        var recipe = new PocketRewardRecipe
        {
            Worlds = s_worlds, Seed = 2, Generator = Path.Combine(folder.Path, "generator"), VocabularySize = 400, Model = s_model, Vision = Vision(hdNum: 4),
            Flaws = s_schedule, GuessesPerProblem = 3, Pairs = new PairSampling { Problems = 9, AnswersPerProblem = 2, HeldOutProblems = 9 },
            Training = s_schedule, Output = Path.Combine(folder.Path, "reward"),
        };

        var refused = Assert.Throws<RecipeException>(() => RewardTraining.Run(recipe, Path.Combine(folder.Path, "reward-state"), null, TestContext.Current.CancellationToken));

        Assert.Contains("right and wrong answers", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(recipe.Output));
    }

    [Fact]
    public void The_first_lesson_is_drawn_from_for_as_many_steps_as_it_has()
    {
        using var folder = new TemporaryFolder();
        string Refusal(int steps) => Assert.ThrowsAny<Exception>(() => RewardTraining.Run(
            new PocketRewardRecipe
            {
                Worlds = [PocketWorlds.Text], CurriculumPhase = new CurriculumPhase { Worlds = [PocketWorlds.Image], Steps = steps }, Seed = 2,
                Generator = Path.Combine(folder.Path, "no-generator"), VocabularySize = 400, Model = s_model,
                Flaws = s_schedule, GuessesPerProblem = 3, Pairs = new PairSampling { Problems = 9, AnswersPerProblem = 2, HeldOutProblems = 9 },
                Training = s_schedule, Output = Path.Combine(folder.Path, "reward"),
            },
            Path.Combine(folder.Path, $"state-{steps}"),
            null,
            TestContext.Current.CancellationToken)).Message;

        // Pictures cannot be taught to a model without a tower; with none in the lesson the training goes on until it asks for the generator.
        Assert.Contains("vision", Refusal(1), StringComparison.Ordinal);
        Assert.Contains("no-generator", Refusal(0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_a_tower_is_not_trained_on_pictures()
    {
        using var folder = new TemporaryFolder();
        var refused = Assert.Throws<RecipeException>(() => GeneratorTraining.Run(Generator(folder) with { Vision = null }, Path.Combine(folder.Path, "state"), null, TestContext.Current.CancellationToken));

        Assert.Contains("vision", refused.Message, StringComparison.Ordinal);
    }

    private static GeneratorRecipe Generator(TemporaryFolder folder) => new()
    {
        Worlds = s_worlds, Seed = 1, VocabularySize = 400, Model = s_model, Vision = Vision(hdNum: 1), Training = s_schedule, HeldOutProblems = 3,
        Output = Path.Combine(folder.Path, "generator"),
    };

    private static VisionShape Vision(int hdNum) =>
        new() { HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 1, NumAttentionHeads = 2, HdNum = hdNum, PloraR = 4 };
}
