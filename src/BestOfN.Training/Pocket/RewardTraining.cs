using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Files;
using BestOfN.Training.Loops;
using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>
/// Trains the pocket reward model: process supervision on guessed answers first, then pairwise ranking of a generator's own answers.
/// </summary>
/// <remarks>
/// After Zang et al. 2025 (InternLM-XComposer2.5-Reward, https://arxiv.org/abs/2501.12368): −log σ(r⁺ − r⁻) over pairs of sampled answers
/// with verifiable labels, pairs filtered by length. The paper starts from a fine-tuned chat model; this one starts from nothing, and
/// learns to read, to see and to check in the first phase (<see cref="ProcessSupervision"/>).
/// </remarks>
internal sealed class RewardTraining(PocketRewardRecipe recipe, string stateFolder, IProgress<TrainingProgress>? progress)
{
    private readonly WorldMixture _worlds = new(recipe.Worlds);
    private readonly WorldMixture? _firstWorlds = recipe.CurriculumPhase is { } phase ? new WorldMixture(phase.Worlds) : null;

    public TrainingHistory Run(CancellationToken cancellationToken)
    {
        var generator = FolderDigest.Of(recipe.GeneratorFolder, cancellationToken: cancellationToken);
        var (format, vocabularySize) = AnswerFormat.Learn(_worlds, recipe.VocabularySize, recipe.Vision, stateFolder);
        using var random = new Generator(recipe.Seed, CPU);
        using var model = new PocketRewardModel(recipe, vocabularySize, random);

        Supervise(model, format, cancellationToken);
        var history = Rank(model, format, generator, cancellationToken);

        var tokens = new Dictionary<string, int>(format.ConfigTokens) { ["reward_token_id"] = format.RewardToken };
        WholeFolder.Write(recipe.Output, folder => PocketModelFiles.Write(folder, stateFolder, model.Body, tokens, model.Parameters));
        return history;
    }

    // Is the answer right up to here? Asked at every token of a right answer and of guesses.
    private void Supervise(PocketRewardModel model, AnswerFormat format, CancellationToken cancellationToken)
    {
        var schedule = recipe.ProcessSupervision;
        KeyValuePair<string, Tensor>[] parameters = [.. model.Parameters, new("output.weight", model.LanguageHead)];
        using var optimizer = new Muon(parameters, schedule.Beta2, schedule.WeightDecay);
        var gradient =
            new ParallelParts(parameters, schedule.Steps!.Value, step => ProcessSupervision.Parts(model, GuessedBatch(step, format)));
        var heldOut = HeldOutGuesses(format);
        var fingerprint = RecipeFile.Fingerprint(new
        {
            recipe.Worlds, recipe.CurriculumPhase, recipe.Seed, recipe.VocabularySize, recipe.Model, recipe.Vision,
            recipe.ProcessSupervision, recipe.GuessesPerProblem,
        });
        new TrainingLoop("process supervision", schedule, optimizer, gradient, Path.Combine(stateFolder, "process-supervision"))
            .Run(fingerprint, (_, _) => PairAccuracy.Of(model, heldOut), progress, cancellationToken);
    }

    // The paper's ranking, of what the generator itself says.
    private TrainingHistory Rank(PocketRewardModel model, AnswerFormat format, string generator, CancellationToken cancellationToken)
    {
        var sampled = RecipeFile.Fingerprint(new { recipe.Worlds, recipe.Seed, Generator = generator, recipe.Pairs });
        var answers = Path.Combine(stateFolder, $"answers-{sampled}.jsonl");
        var pool = AnswerPool.SampleOrLoad(recipe, _worlds, answers, progress, cancellationToken);
        var training = Compare(pool.Training, format);
        var heldOut = pool.HeldOut.GroupBy(p => p.Problem.Family)
            .ToDictionary(f => f.Key.ToString(), f => Compare(f, format))
            .Where(f => f.Value.Length > 0).ToArray();
        if (training.Length == 0 || heldOut.Length == 0)
        {
            throw new RecipeException(
                $"{recipe.Generator}: of {recipe.Pairs.Problems} problems none has both right and wrong answers to compare; "
                + "train the generator longer, or sample more.");
        }

        var schedule = recipe.Training;
        using var optimizer = new Muon(model.Parameters, schedule.Beta2, schedule.WeightDecay);
        var sampler = new ShuffledSampler(training.Length, recipe.Seed);
        var gradient = new ParallelParts(
            model.Parameters,
            schedule.Steps!.Value,
            step => PairwiseRanking.Parts(model, [.. sampler.Batch(step, schedule.Batch).Select(i => training[i])]));
        return new TrainingLoop("pairs", schedule, optimizer, gradient, Path.Combine(stateFolder, "pairs"))
            .Run(RecipeFile.Fingerprint(new { recipe, Generator = generator }), (_, _) => PairAccuracy.Of(model, heldOut), progress,
                cancellationToken);
    }

    private JudgedAnswers[][] GuessedBatch(int step, AnswerFormat format)
    {
        var worlds = step < recipe.CurriculumPhase?.Steps ? _firstWorlds! : _worlds;
        var first = (long)step * recipe.ProcessSupervision.Batch;
        return
        [
            .. Enumerable.Range(0, recipe.ProcessSupervision.Batch)
                .Select(i => first + i)
                .Select(number => Guess(worlds.DrawWithCompanions(recipe.Seed, number), number, format)),
        ];
    }

    private JudgedAnswers[] Guess(IReadOnlyList<Problem> companions, long number, AnswerFormat format)
    {
        var count = companions.Count > 1 ? (recipe.GuessesPerProblem + 1) / 2 : recipe.GuessesPerProblem;
        return JudgedAnswers.Guessed(companions, format, count, new SplitMix64(recipe.Seed, (ulong)number));
    }

    private Dictionary<string, ComparedAnswers[]> HeldOutGuesses(AnswerFormat format) =>
        _worlds.HeldOut(recipe.Seed, recipe.Pairs.HeldOutProblems)
            .SelectMany(w => w.Problems)
            .GroupBy(p => p.Family)
            .ToDictionary(
                family => family.Key.ToString(),
                family => family.Select((problem, i) => Guess([problem], i, format)[0])
                    .Select(guessed => ComparedAnswers.Of(guessed, maxLengthRatio: double.PositiveInfinity))
                    .Where(compared => compared.Pairs.Count > 0)
                    .ToArray());

    private ComparedAnswers[] Compare(IEnumerable<PooledProblem> problems, AnswerFormat format) =>
    [
        .. problems.Where(p => p.HasRightAndWrong)
            .Select(p => JudgedAnswers.Of(p.Problem, format.Prompt(p.Problem), p.Answers.Select(a => a.Text), format))
            .Select(judged => ComparedAnswers.Of(judged, recipe.Pairs.MaxLengthRatio))
            .Where(compared => compared.Pairs.Count > 0),
    ];
}
