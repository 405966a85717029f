using BestOfN.Models.Networks;

using BestOfN.Models.Templates;
using BestOfN.Models.Tokenizers;
using BestOfN.Training.Optimization;
using BestOfN.Training.Policies;
using BestOfN.Training.Recipes;
using BestOfN.Training.Worlds;
using static TorchSharp.torch;

namespace BestOfN.Training.Rewards;

/// <summary>Trains the pocket reward model: language modelling first, then pairwise ranking of the generator's own answers.</summary>
/// <remarks>
/// After Zang et al. 2025 (InternLM-XComposer2.5-Reward, https://arxiv.org/abs/2501.12368): a fine-tuned language model whose language head
/// gives way to a score, −log σ(r⁺ − r⁻) over pairs of sampled answers with verifiable labels, pairs filtered by length.
/// </remarks>
public static class RewardTraining
{
    private const string Architecture = "InternLM2ForRewardModel";

    /// <inheritdoc cref="GeneratorTraining.Run"/>
    public static TrainingHistory Run(
        RewardRecipe recipe, string stateFolder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var tokenizer = TokenizerFiles.Load(recipe.Generator);
        var answers = new AnswerFormat(tokenizer, ChatTemplate.Load(recipe.Generator, Architecture, tokenizer));
        var world = new PocketTextWorld();
        using var random = new Generator(recipe.Seed, CPU);
        var configuration = recipe.Model.ToConfiguration(tokenizer.VocabularySize);
        var decoder = FreshWeights.Decoder(configuration, random);
        using var languageHead = FreshWeights.Matrix(configuration.VocabularySize, configuration.HiddenSize, 1 / Math.Sqrt(configuration.HiddenSize), random);
        var score = FreshWeights.Matrix(1, configuration.HiddenSize, 1 / Math.Sqrt(configuration.HiddenSize), random);
        using var head = RewardHead.Linear("v_head", score);
        using (decoder)
        {
            var initial = RecipeFile.Fingerprint(new { recipe.World, recipe.Seed, recipe.Generator, recipe.Model, recipe.Initial });
            var sampled = RecipeFile.Fingerprint(new { recipe.World, recipe.Seed, recipe.Generator, recipe.Pairs });
            var batch = recipe.Initial.Batch;
            new TrainingLoop("language model", recipe.Initial, [.. decoder.Parameters, new("output.weight", languageHead)], Path.Combine(stateFolder, "initial")).Run(
                initial,
                step => LanguageModelling.Loss(
                    decoder,
                    languageHead,
                    [.. Enumerable.Range(0, batch).Select(i => world.Draw(recipe.Seed, ((long)step * batch) + i, Split.Training))
                        .Select(problem => (answers.Prompt(problem), answers.Answer(problem.Solution)))]),
                () => new Dictionary<string, double>(),
                progress,
                cancellationToken);

            using var judge = FreshWeights.Extend(decoder, recipe.ScoreLayers, random);
            var parameters = judge.Parameters.Append(new("v_head.weight", score)).ToArray();
            var guessed = Enumerable.Range(0, 400).Select(i => (i, world.Draw(recipe.Seed, i, Split.HeldOut))).Select(p => (p.Item2, JudgedAnswers.Guessed(p.Item2, answers, 8, new SplitMix64(recipe.Seed, 77, (ulong)p.i)))).ToArray();
            new TrainingLoop("flaws", recipe.Flaws, parameters, Path.Combine(stateFolder, "flaws")).Run(
                RecipeFile.Fingerprint(recipe),
                step => FlawFinding.Loss(judge, head, [.. Enumerable.Range(0, recipe.Flaws.Batch).Select(i => ((long)step * recipe.Flaws.Batch) + i)
                    .Select(i => JudgedAnswers.Guessed(world.Draw(recipe.Seed + 7, i, Split.Training), answers, 8, new SplitMix64(recipe.Seed, (ulong)i)))]),
                () =>
                {
                    var all = new Dictionary<string, double>();
                    foreach (var g in guessed.GroupBy(p => p.Item1.Family))
                    {
                        var m = Measure(judge, head, [.. g.Select(p => ComparedAnswers.Of(p.Item2.Prompt, [.. p.Item2.Answers.Select((a, i) => (a, p.Item2.SoundTokens[i] == a.Count))], 99)).Where(c => c.Pairs.Count > 0)]);
                        all[g.Key + " auc"] = m["auc"];
                    }

                    Console.Error.WriteLine(string.Join(' ', all.Select(a => $"{a.Key} {a.Value:F3}")));
                    return all;
                },
                progress,
                cancellationToken);
            var pool = AnswerPool.SampleOrLoad(recipe, world, answers, Path.Combine(stateFolder, $"answers-{sampled}.jsonl"), progress, cancellationToken);
            var training = Compare(pool.Training, answers, recipe);
            var heldOut = Compare(pool.HeldOut, answers, recipe);
            var order = new EpochOrder(training.Length, recipe.Seed);
            var history = new TrainingLoop("pairs", recipe.Training, parameters, Path.Combine(stateFolder, "pairs")).Run(
                RecipeFile.Fingerprint(recipe),
                step => PairwiseRanking.Loss(judge, head, [.. order.Batch(step, recipe.Training.Batch).Select(i => training[i])]),
                () => Measure(judge, head, heldOut),
                progress,
                cancellationToken);

            ModelFolder.Write(
                recipe.Output, recipe.Generator, Architecture, judge.Configuration,
                answers.ConfigTokens.Append(new("reward_token_id", answers.RewardToken)).ToDictionary(), parameters);
            return history;
        }
    }

    private static ComparedAnswers[] Compare(IReadOnlyList<PooledProblem> pool, AnswerFormat answers, RewardRecipe recipe) =>
    [
        .. pool.Select(p => ComparedAnswers.Of(
                answers.Prompt(p.Problem), [.. p.Answers.Select(a => (answers.Judged(a.Text), a.Correct))], recipe.Pairs.MaxLengthRatio))
            .Where(p => p.Pairs.Count > 0),
    ];

    // Share of held-out pairs in the right order (ties count half): accuracy over problems, and over all pairs together (AUC).
    private static Dictionary<string, double> Measure(Decoder decoder, RewardHead head, IReadOnlyList<ComparedAnswers> problems)
    {
        var (accuracy, right, pairs) = (0.0, 0.0, 0);
        foreach (var chunk in problems.Chunk(32))
        {
            using var scope = NewDisposeScope();
            var rewards = PairwiseRanking.Rewards(decoder, head, chunk).data<float>().ToArray();
            var first = 0;
            foreach (var problem in chunk)
            {
                var won = problem.Pairs.Sum(p => rewards[first + p.Better].CompareTo(rewards[first + p.Worse]) switch { > 0 => 1.0, 0 => 0.5, _ => 0 });
                (right, pairs, accuracy) = (right + won, pairs + problem.Pairs.Count, accuracy + (won / problem.Pairs.Count));
                first += problem.Answers.Count;
            }
        }

        return new() { ["pair_accuracy"] = accuracy / problems.Count, ["auc"] = right / pairs };
    }
}
