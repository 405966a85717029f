using System.Diagnostics;
using BestOfN.Data.Sampling;
using BestOfN.Training.Loops;
using BestOfN.Training.Pocket;
using BestOfN.Training.Policy.Objectives;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy;

/// <summary>One step: prompts are answered and scored, and the policy is moved towards what scored well.</summary>
/// <remarks>
/// All that is random follows from the seed of the recipe and the number of the step, so that a training that was stopped ends as one that
/// was not.
/// </remarks>
internal sealed class PolicyStep : ITrainingStep
{
    private const double KlFactor = 1.5;

    private readonly Turn[] _turns;
    private readonly PolicyNetwork _policy;
    private readonly PolicyNetwork _reference;
    private readonly PolicyNetwork? _critic;
    private readonly PolicyOptimizer _optimizer;
    private readonly IPromptSource _prompts;
    private readonly RolloutSampler _sampler;
    private readonly IAnswerScorer _scorer;
    private readonly StepLog _log;
    private readonly Action<CancellationToken> _measureStart;
    private readonly ParallelGradient _gradient;
    private readonly ParallelGradient? _criticGradient;

    // Those of the step under way.
    private PolicyRecipe _recipe;
    private PolicyObjective _objective;
    private UpdateData _data;

    /// <param name="recipe">The method and its numbers.</param>
    /// <param name="policy">The network that is trained; it and all that follows stay the caller's.</param>
    /// <param name="reference">The frozen copy of the start.</param>
    /// <param name="critic">Only for PPO.</param>
    /// <param name="optimizer">Moves policy and critic.</param>
    /// <param name="prompts">Where the prompts come from.</param>
    /// <param name="sampler">Lets the policy answer.</param>
    /// <param name="scorer">Gives the reward.</param>
    /// <param name="log">Gets the numbers of every step.</param>
    /// <param name="measureStart">Measures the policy before its first step.</param>
    public PolicyStep(
        PolicyRecipe recipe, PolicyNetwork policy, PolicyNetwork reference, PolicyNetwork? critic, PolicyOptimizer optimizer,
        IPromptSource prompts, RolloutSampler sampler, IAnswerScorer scorer, StepLog log,
        Action<CancellationToken> measureStart)
    {
        (_policy, _reference, _critic, _optimizer) = (policy, reference, critic, optimizer);
        (_prompts, _sampler, _scorer, _log, _measureStart) = (prompts, sampler, scorer, log, measureStart);
        Progress = new RunMemory(recipe);
        _turns = recipe.Worlds.Count == 0 ? [TurnOf(recipe)] : [.. recipe.Worlds.Select(w => TurnOf(recipe.In(w)))];
        (_recipe, _data, _objective) = _turns[0];

        Turn TurnOf(PolicyRecipe its) => new(its, new UpdateData(its), new PolicyObjective(policy, its));
        _gradient = new ParallelGradient([.. policy.Trainable.Select(p => p.Value)], Threads);
        _criticGradient = critic is null ? null : new ParallelGradient([.. critic.Trainable.Select(p => p.Value)], Threads);
    }

    public RunMemory Progress { get; }

    public IDictionary<string, double> Memory => Progress.Numbers;

    public string? Ending => Progress.Ending;

    // Only the coefficient of the recipe adapts.
    private double Beta => _recipe.Kl.Target is null ? _recipe.Kl.Beta : Progress.Beta;

    private bool IsPpo => _recipe.Method == PolicyRecipe.Ppo;

    public StepOutcome Run(int step, double learningRate, CancellationToken cancellationToken)
    {
        if (Progress.Steps == 0)
        {
            _measureStart(cancellationToken);
        }

        (_recipe, _data, _objective) = _turns[step % _turns.Length];
        var clock = Stopwatch.StartNew();
        var numbers = new Dictionary<string, double>();
        var seed = new SplitMix64(_recipe.Seed, (ulong)step).Next();
        var groups = _sampler.Sample(_prompts.Draw(step, _recipe.Training.Batch), _recipe.Answers, 1, seed, cancellationToken);
        var rolled = Lap(clock);
        _scorer.Score(groups, step, cancellationToken);
        var scored = Lap(clock);
        var answers = groups.SelectMany(g => g.Answers).ToArray();
        if (answers.All(a => !double.IsFinite(a.Score)))
        {
            throw new InvalidOperationException(
                $"policy: the reward model gave none of the {answers.Length} answers of step {step} a score.");
        }

        cancellationToken.ThrowIfCancellationRequested();   // from here on weights move
        var scores = _data.Shape(groups);
        var divergence = Diverge(groups, scores);
        var trained = _recipe.Method switch
        {
            PolicyRecipe.Raft => _data.Imitated(groups, scores),
            PolicyRecipe.Dpo => _data.Pairs(groups, scores),
            PolicyRecipe.Ppo => Criticised(groups, scores),
            _ => _data.WithGroupAdvantages(groups, scores, Progress.ScoreDeviation),
        };
        Prepare(trained, divergence);
        var update = Update(step, trained, trained.Count / (double)groups.Length, learningRate, numbers);
        var updated = Lap(clock);

        Describe(groups, numbers);
        var (klAnswer, klToken, k3) = divergence.Measured();
        Progress.AddStep(
            Moments.Deviation([.. scores.SelectMany(s => s).Where(double.IsFinite)]), klAnswer, numbers["length_mean"],
            update.Seen.Tokens == 0 ? null : update.Seen.Entropy / update.Seen.Tokens, answers.Length, _recipe.Kl.Target is not null);
        Describe(update, numbers);
        (numbers["kl_per_answer"], numbers["kl_per_token"], numbers["k3_per_token"]) = (klAnswer, klToken, k3);
        (numbers["kl_beta"], numbers["learning_rate"]) = (Beta, learningRate);
        numbers["trained_answers"] = trained.Sum(t => t.Answers.Count);
        double tokens = answers.Sum(a => a.Tokens.Count);
        (numbers["seconds_rollout"], numbers["seconds_scoring"], numbers["seconds_training"]) = (rolled, scored, updated);
        (numbers["tokens_per_second_rollout"], numbers["tokens_per_second_scoring"]) = (tokens / rolled, tokens / scored);
        numbers["tokens_per_second_training"] = update.Seen.Tokens / updated;
        _log.Write(step, numbers);
        return new StepOutcome(update.Loss, new Dictionary<string, double>
        {
            ["score"] = numbers["score_mean"], ["correct"] = numbers.GetValueOrDefault("checker_mean"),
        });
    }

    // ln p of the reference: of all answers where the method needs it, else of one answer of each group, to see how far the policy went.
    private ReferenceDivergence Diverge(RolloutGroup[] groups, double[][] scores)
    {
        var isNeeded = _recipe.Kl.Beta > 0 || _recipe.Loss.IsAgainstReference || _recipe.Method == PolicyRecipe.Dpo;
        RolloutAnswer[][] looked = [.. groups.Select(g => isNeeded ? [.. g.Answers] : new[] { g.Answers[0] })];
        var reference = InParts(_reference, [.. groups.Select((g, i) => new AnswerTokens(g.Prompt, [.. looked[i].Select(a => a.Tokens)]))]);
        var divergence = new ReferenceDivergence(looked.SelectMany(a => a), reference);
        if (_recipe.Kl is { Beta: > 0, IsInLoss: false } && !IsPpo)
        {
            foreach (var (i, group) in groups.Index())
            {
                for (var a = 0; a < group.Answers.Count; a++)
                {
                    scores[i][a] -= Beta * divergence.Sum(group.Answers[a]);
                }
            }
        }

        return divergence;
    }

    private List<TrainedGroup> Criticised(RolloutGroup[] groups, double[][] scores)
    {
        var trained = new List<TrainedGroup>();
        var shaped = new List<double>();
        foreach (var (i, group) in groups.Index())
        {
            var kept = group.Answers.Index().Where(a => double.IsFinite(scores[i][a.Index])).ToArray();
            if (kept.Length > 0)
            {
                var seen = _sampler.Read(group.Source, _critic!.MaxTiles, _critic);
                trained.Add(new TrainedGroup(group.Prompt, seen, [.. kept.Select(a => UpdateData.Of(a.Item))]));
                shaped.AddRange(kept.Select(a => scores[i][a.Index]));
            }
        }

        foreach (var (answer, score) in trained.SelectMany(t => t.Answers).Zip(shaped))
        {
            answer.Returns = [score];      // until the tokens have their rewards
        }

        return trained;
    }

    // What the losses need besides tokens: old and reference log-probabilities, and with a critic values and advantages.
    private void Prepare(List<TrainedGroup> trained, ReferenceDivergence divergence)
    {
        if (trained.Count == 0)
        {
            return;
        }

        TrainedAnswer[] answers = [.. trained.SelectMany(t => t.Answers)];
        foreach (var answer in answers)
        {
            answer.Reference = divergence.Of(answer.Tokens);
        }

        var isImitation = _recipe.Method is PolicyRecipe.Raft or PolicyRecipe.Dpo;
        if (!isImitation && (_recipe.Epochs * _recipe.Minibatches > 1 || IsPpo))
        {
            foreach (var (answer, old) in answers.Zip(InParts(_policy, [.. trained.Select(t => t.ForPolicy)])))
            {
                answer.Old = old;
            }
        }

        if (!IsPpo)
        {
            return;
        }

        var values = new double[trained.Count][][];
        ParallelWork.Run(trained.Count, i =>
        {
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            AnswerTokens[] one = [trained[i].ForCritic];
            values[i] = PolicyObjective.Split(_critic!.Values(one), one);
        }, Threads);
        var critic = _recipe.Critic!;
        var beta = _recipe.Kl.IsInLoss ? 0 : Beta;
        double[][] rewards = [.. answers.Select(a => RewardShaping.Tokens(a.Old!, a.Reference ?? a.Old!, a.Returns![0], beta))];
        rewards = _recipe.Shaping.WhitensRewards ? RewardShaping.Whitened(rewards) : rewards;
        foreach (var (i, value) in values.SelectMany(v => v).Index())
        {
            var (advantages, returns) = GeneralizedAdvantage.Of(rewards[i], value, critic.Gamma, critic.Lambda);
            (answers[i].Values, answers[i].Advantages, answers[i].Returns) = (value, advantages, returns);
        }

        foreach (var (answer, whitened) in answers.Zip(GeneralizedAdvantage.Whitened([.. answers.Select(a => a.Advantages)])))
        {
            answer.Advantages = whitened;
        }
    }

    private UpdateOutcome Update(
        int step, List<TrainedGroup> trained, double share, double learningRate, Dictionary<string, double> numbers)
    {
        var outcome = new UpdateOutcome();
        if (trained.Count == 0)
        {
            return outcome;
        }

        var trainsPolicy = step >= (_recipe.Critic?.WarmupSteps ?? 0);
        for (var epoch = 0; epoch < _recipe.Epochs; epoch++)
        {
            var order = trained.ToArray();
            if (_recipe.Minibatches > 1)
            {
                new SplitMix64(_recipe.Seed, (ulong)step, (ulong)epoch).Shuffle<TrainedGroup>(order);
            }

            foreach (var minibatch in order.Chunk((order.Length + _recipe.Minibatches - 1) / _recipe.Minibatches))
            {
                if (trainsPolicy && !UpdatePolicy(step, minibatch, share, learningRate, ref outcome))
                {
                    return outcome;
                }

                if (IsPpo)
                {
                    UpdateCritic(minibatch, numbers);
                }
            }
        }

        return outcome;
    }

    // False where the policy has moved too far within the step: nothing is applied then.
    private bool UpdatePolicy(int step, TrainedGroup[] minibatch, double share, double learningRate, ref UpdateOutcome outcome)
    {
        Weigh(minibatch, share);
        var parts = Parts(minibatch, g => g.ForPolicy.Length);
        var seen = new UpdateStatistics[parts.Count];
        var beta = Beta;
        var loss = _gradient.Add([.. parts.Select((part, i) => (Func<Tensor>)(() => _objective.Loss(part, beta, out seen[i])))]);
        if (!float.IsFinite(loss))
        {
            throw new InvalidOperationException($"policy: the loss of step {step} is {loss}; lower the learning rate.");
        }

        var all = seen.Aggregate((a, b) => a + b);
        if (AdaptiveKl.IsTooFar(all.Clip.MeanK3, _recipe.UpdateKl, KlFactor))
        {
            foreach (var (_, weight) in _policy.Trainable)
            {
                weight.grad!.zero_();
            }

            return false;
        }

        var norm = _optimizer.Policy.Step(learningRate, _recipe.Training.GradientNorm);
        outcome = outcome.With(loss, all, norm);
        return true;
    }

    private void UpdateCritic(TrainedGroup[] minibatch, Dictionary<string, double> numbers)
    {
        var tokens = minibatch.Sum(g => g.Answers.Sum(a => a.Tokens.Count));
        var parts = Parts(minibatch, g => g.ForCritic.Length);
        using TorchSharp.Scalar share = 1.0 / tokens;
        var loss = _criticGradient!.Add([.. parts.Select(part => (Func<Tensor>)(() => ValuePart(part, share)))]);
        _optimizer.Critic!.Step(_recipe.Critic!.LearningRate, _recipe.Training.GradientNorm);
        Progress.CriticUpdates++;
        numbers["value_loss"] = loss;
        var answers = minibatch.SelectMany(g => g.Answers).ToArray();
        numbers["explained_variance"] = ValueLoss.ExplainedVariance(
            [.. answers.SelectMany(a => a.Values!)], [.. answers.SelectMany(a => a.Returns!)]);
    }

    private Tensor ValuePart(IReadOnlyList<TrainedGroup> part, TorchSharp.Scalar share)
    {
        using var scope = NewDisposeScope();
        var answers = part.SelectMany(g => g.Answers).ToArray();
        Tensor All(Func<TrainedAnswer, double[]> values) =>
            tensor(answers.SelectMany(values).Select(v => (float)v).ToArray(), device: _critic!.Device);
        var values = _critic!.Values([.. part.Select(g => g.ForCritic)]);
        var losses = ValueLoss.Of(values, All(a => a.Values!), All(a => a.Returns!), _recipe.Critic!.Clip);
        return (losses.sum() * share).MoveToOuterDisposeScope();
    }

    // Imitation is a mean over all prompts of the step, those without an answer to imitate included: their share weighs the others.
    private void Weigh(TrainedGroup[] minibatch, double share)
    {
        if (_recipe.Method == PolicyRecipe.Dpo)
        {
            foreach (var answer in minibatch.SelectMany(g => g.Answers))
            {
                answer.Weight = 1.0 / minibatch.Length;
            }

            return;
        }

        TrainedAnswer[] answers = [.. minibatch.SelectMany(g => g.Answers)];
        var aggregation = _recipe.Method == PolicyRecipe.Raft ? LossAggregation.TokenMean : _recipe.Loss.ParsedAggregation;
        var weights = AnswerWeights.Of([.. answers.Select(a => a.Tokens.Count)], aggregation, _recipe.MaxNewTokens);
        foreach (var (answer, weight) in answers.Zip(weights))
        {
            answer.Weight = _recipe.Method == PolicyRecipe.Raft ? weight * share : weight;
        }
    }

    private double[][] InParts(PolicyNetwork network, AnswerTokens[] groups)
    {
        var parts = Parts([.. Enumerable.Range(0, groups.Length)], i => groups[i].Length);
        var results = new double[groups.Length][][];
        ParallelWork.Run(parts.Count, p =>
        {
            AnswerTokens[] part = [.. parts[p].Select(i => groups[i])];
            var (flat, next) = (PolicyObjective.LogProbabilities(network, part), 0);
            foreach (var i in parts[p])
            {
                results[i] = flat[next..(next += groups[i].Answers.Count)];
            }
        }, Threads);
        return [.. results.SelectMany(r => r)];
    }

    // On a CPU a part is a quarter of the work at most, and the cores share the parts; elsewhere memory is what counts.
    private IReadOnlyList<IReadOnlyList<T>> Parts<T>(IReadOnlyList<T> items, Func<T, int> length) =>
        _policy.Device.type == TorchSharp.DeviceType.CPU ? BatchParts.Of(items, length) : [.. items.Select(i => new[] { i })];

    private int? Threads => _policy.Device.type == TorchSharp.DeviceType.CPU ? null : 1;

    private static double Lap(Stopwatch clock)
    {
        var seconds = clock.Elapsed.TotalSeconds;
        clock.Restart();
        return seconds;
    }

    private static void Describe(RolloutGroup[] groups, Dictionary<string, double> numbers)
    {
        var answers = groups.SelectMany(g => g.Answers).ToArray();
        var scores = answers.Select(a => a.Score).Where(double.IsFinite).ToArray();
        double[] within = [.. groups.Select(g => GroupAdvantage.Deviation(g.Scores))];
        int[] lengths = [.. answers.Select(a => a.Tokens.Count).Order()];
        (numbers["score_mean"], numbers["score_std"]) = (scores.Average(), Moments.Deviation(scores));
        (numbers["score_min"], numbers["score_max"]) = (scores.Min(), scores.Max());
        (numbers["score_within_std"], numbers["flat_groups"]) = (within.Average(), within.Average(d => d == 0 ? 1.0 : 0));
        numbers["missing_scores"] = answers.Length - scores.Length;
        (numbers["length_mean"], numbers["length_p95"]) = (lengths.Average(), lengths[(int)(0.95 * (lengths.Length - 1))]);
        numbers["truncated"] = answers.Average(a => a.IsFinished ? 0.0 : 1);
        numbers["distinct_answers"] = groups.Average(g => (double)g.Answers.Select(a => a.Text).Distinct().Count());
        if (answers.All(a => a.IsCorrect is not null))
        {
            numbers["checker_mean"] = answers.Average(a => a.IsCorrect == true ? 1.0 : 0);
        }
    }

    private static void Describe(UpdateOutcome update, Dictionary<string, double> numbers)
    {
        var (seen, clip) = (update.Seen, update.Seen.Clip);
        double tokens = Math.Max(1, seen.Tokens);
        (numbers["loss"], numbers["gradient_norm"], numbers["updates"]) = (update.Loss, update.GradientNorm, update.Updates);
        (numbers["entropy"], numbers["rollout_gap"]) = (seen.Entropy / tokens, seen.RolloutGap / tokens);
        (numbers["clipped_low"], numbers["clipped_high"]) = (clip.Low / tokens, clip.High / tokens);
        numbers["clipped_dual"] = clip.Dual / tokens;
        (numbers["ratio_mean"], numbers["ratio_max"], numbers["kl_update"]) = (clip.RatioSum / tokens, clip.RatioMax, clip.MeanK3);
    }

    /// <summary>What the steps of one world are done by.</summary>
    private sealed record Turn(PolicyRecipe Recipe, UpdateData Data, PolicyObjective Objective);
}
