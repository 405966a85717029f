using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>Trains the pocket reward model: finding flaws in guessed answers first, then pairwise ranking of the generator's own answers.</summary>
/// <remarks>
/// After Zang et al. 2025 (InternLM-XComposer2.5-Reward, https://arxiv.org/abs/2501.12368): −log σ(r⁺ − r⁻) over pairs of sampled answers
/// with verifiable labels, pairs filtered by length. The paper starts from a fine-tuned chat model; this one starts from nothing, and
/// learns to read, to see and to check in the first phase (<see cref="ProcessSupervision"/>).
/// </remarks>
public static class RewardTraining
{
    /// <inheritdoc cref="GeneratorTraining.Run"/>
    public static TrainingHistory Run(
        PocketRewardRecipe recipe, string stateFolder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        RecipeException.ThrowIfAny(RecipeMistakes.Of(recipe));
        var generator = FolderDigest.Of(recipe.GeneratorFolder, cancellationToken: cancellationToken);
        TorchRuntime.Load();
        var world = new WorldMixture(recipe.Worlds);
        var (answers, vocabularySize) = AnswerFormat.Learn(world, recipe.VocabularySize, recipe.Vision, stateFolder);
        using var random = new Generator(recipe.Seed, CPU);
        using var model = new VisionLanguageDecoder(recipe.Model, recipe.Vision, vocabularySize, random);
        var deviation = 1 / Math.Sqrt(recipe.Model.HiddenSize);
        using var languageHead = Initialization.Matrix(vocabularySize, recipe.Model.HiddenSize, deviation, random);
        var score = Initialization.Matrix(1, recipe.Model.HiddenSize, deviation, random);
        var headName = recipe.Vision is null ? "v_head" : "score";   // as each family's checkpoints call it
        using var head = RewardHead.Linear(headName, score);
        var parameters = model.Parameters.Append(new(headName + ".weight", score)).ToArray();

        // 1. Is the answer right as far as checking tells? At every token of a right answer and of guesses.
        JudgedAnswers[] Guessed(IReadOnlyList<Problem> companions, long index) =>
            JudgedAnswers.Guessed(companions, answers, companions.Count > 1 ? (recipe.GuessesPerProblem + 1) / 2 : recipe.GuessesPerProblem, new SplitMix64(recipe.Seed, (ulong)index));
        var batch = recipe.Flaws.Batch;
        var lesson = recipe.CurriculumPhase is null ? null : new WorldMixture(recipe.CurriculumPhase.Worlds);
        WorldMixture Taught(int step) => lesson is not null && step < recipe.CurriculumPhase!.Steps ? lesson : world;
        var families = world.HeldOut(recipe.Seed, recipe.Pairs.HeldOutProblems).SelectMany(w => w.Problems).GroupBy(p => p.Family)
            .ToDictionary(f => f.Key.ToString(), f => f.Select((p, i) => ComparedAnswers.Of(Guessed([p], i)[0], double.PositiveInfinity)).Where(p => p.Pairs.Count > 0).ToArray());
        new TrainingLoop("flaws", recipe.Flaws, [.. parameters, new("output.weight", languageHead)], Path.Combine(stateFolder, "flaws")).Run(
            RecipeFile.Fingerprint(new { recipe.Worlds, recipe.CurriculumPhase, recipe.Seed, recipe.VocabularySize, recipe.Model, recipe.Vision, recipe.Flaws, recipe.GuessesPerProblem }),
            step => ProcessSupervision.Parts(
                model, head, languageHead, [.. Enumerable.Range(0, batch).Select(i => ((long)step * batch) + i).Select(i => Guessed(Taught(step).DrawWithCompanions(recipe.Seed, i), i))]),
            () => Report(families.ToDictionary(f => f.Key, f => Measure(model, head, f.Value))),
            progress,
            cancellationToken);

        // 2. The paper's ranking, on what the generator itself says.
        var sampled = RecipeFile.Fingerprint(new { recipe.Worlds, recipe.Seed, Generator = generator, recipe.Pairs });
        var pool = AnswerPool.SampleOrLoad(recipe, world, Path.Combine(stateFolder, $"answers-{sampled}.jsonl"), progress, cancellationToken);
        var training = Compare(pool.Training, answers, recipe);
        var heldOut = pool.HeldOut.GroupBy(p => p.Problem.Family).ToDictionary(f => f.Key.ToString(), f => Compare(f, answers, recipe));
        if (training.Length == 0 || heldOut.Values.All(f => f.Length == 0))
        {
            throw new RecipeException(
                $"{recipe.Generator}: of {recipe.Pairs.Problems} problems none has both right and wrong answers to compare; train the generator longer, or sample more.");
        }

        var order = new ShuffledSampler(training.Length, recipe.Seed);
        var history = new TrainingLoop("pairs", recipe.Training, parameters, Path.Combine(stateFolder, "pairs")).Run(
            RecipeFile.Fingerprint(new { recipe, Generator = generator }),
            step => PairwiseRanking.Parts(model, head, [.. order.Batch(step, recipe.Training.Batch).Select(i => training[i])]),
            () => Report(heldOut.Where(f => f.Value.Length > 0).ToDictionary(f => f.Key, f => Measure(model, head, f.Value))),
            progress,
            cancellationToken);

        ModelFolder.Write(recipe.Output, stateFolder, model, answers.ConfigTokens.Append(new("reward_token_id", answers.RewardToken)).ToDictionary(), parameters);
        return history;
    }

    private static ComparedAnswers[] Compare(IEnumerable<PooledProblem> pool, AnswerFormat answers, PocketRewardRecipe recipe) =>
    [
        .. pool.Where(p => p.Answers.Any(a => a.Correct) && p.Answers.Any(a => !a.Correct))
            .Select(p => ComparedAnswers.Of(JudgedAnswers.Of(p.Problem, answers.Prompt(p.Problem), p.Answers.Select(a => a.Text), answers), recipe.Pairs.MaxLengthRatio))
            .Where(p => p.Pairs.Count > 0),
    ];

    private static Dictionary<string, double> Report(Dictionary<string, double> families) =>
        families.Append(new("pair_accuracy", families.Values.Average())).ToDictionary();

    // Share of held-out pairs in the right order, problem by problem; ties count half.
    private static double Measure(VisionLanguageDecoder model, RewardHead head, IReadOnlyList<ComparedAnswers> problems)
    {
        using var guard = no_grad();
        var accuracy = 0.0;
        foreach (var chunk in problems.Chunk(32))
        {
            using var scope = NewDisposeScope();
            var rewards = PairwiseRanking.Rewards(model, head, chunk).data<float>().ToArray();
            var first = 0;
            foreach (var problem in chunk)
            {
                accuracy += problem.Pairs.Average(p => rewards[first + p.Better].CompareTo(rewards[first + p.Worse]) switch { > 0 => 1.0, 0 => 0.5, _ => 0 });
                first += problem.Answers.Count;
            }
        }

        return accuracy / problems.Count;
    }
}
