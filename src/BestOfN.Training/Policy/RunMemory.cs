using BestOfN.Training.Policy.Objectives;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Policy;

/// <summary>What a policy training remembers from step to step besides weights and moments, and when it ends because of it.</summary>
internal sealed class RunMemory(PolicyRecipe recipe)
{
    private const double Forgetting = 0.05;    // weight of a step in the running deviation of scores
    private const int FirstSteps = 5;          // whose entropy is what later steps are compared with

    private const string StartPrefix = "start ";

    public Dictionary<string, double> Numbers { get; } = [];

    /// <summary>The coefficient of the divergence now.</summary>
    public double Beta => Numbers.GetValueOrDefault("kl_beta", recipe.Kl.Beta);

    /// <summary>Running deviation of the shaped scores; 0 before the first step.</summary>
    public double ScoreDeviation => Numbers.GetValueOrDefault("score_deviation");

    public int CriticUpdates
    {
        get => (int)Numbers.GetValueOrDefault("critic_updates");
        set => Numbers["critic_updates"] = value;
    }

    /// <summary>Steps done.</summary>
    public int Steps => (int)Numbers.GetValueOrDefault("steps");

    public double BestAccuracy => Numbers.GetValueOrDefault("best", double.NegativeInfinity);

    public int? BestStep => Numbers.TryGetValue("best_step", out var step) ? (int)step : null;

    /// <summary>Notes a step.</summary>
    /// <param name="scoreDeviation">Deviation of its shaped scores.</param>
    /// <param name="klPerAnswer">In nats.</param>
    /// <param name="meanLength">Tokens of an answer.</param>
    /// <param name="entropy">In nats per token; null: the step trained no answer.</param>
    /// <param name="answers">Answers of the step.</param>
    /// <param name="adapts">Whether the coefficient of the divergence follows this step.</param>
    public void AddStep(double scoreDeviation, double klPerAnswer, double meanLength, double? entropy, int answers, bool adapts = true)
    {
        Numbers["score_deviation"] = ScoreDeviation == 0 ? scoreDeviation
            : ScoreDeviation + (Forgetting * (scoreDeviation - ScoreDeviation));
        Smooth("kl", klPerAnswer);
        Smooth("length", meanLength);
        Numbers["steps"] = Numbers.GetValueOrDefault("steps") + 1;
        if (entropy is { } nats)
        {
            Smooth("entropy", nats);
            var trained = Numbers["trained_steps"] = Numbers.GetValueOrDefault("trained_steps") + 1;
            if (trained <= FirstSteps)
            {
                Numbers["first_entropy"] = Numbers.GetValueOrDefault("first_entropy") + (nats / FirstSteps);
            }
        }

        if (adapts && recipe.Kl.Target is { } target)
        {
            Numbers["kl_beta"] = AdaptiveKl.Next(Beta, klPerAnswer, target, answers, recipe.Kl.Horizon);
        }
    }

    /// <summary>Notes a measurement.</summary>
    /// <returns>Whether it is the best so far.</returns>
    public bool AddMeasurement(IReadOnlyDictionary<string, double> measured)
    {
        // Accuracy tells; where nobody can check, the score has to do.
        var accuracy = measured.TryGetValue("greedy", out var greedy) ? (greedy + measured["pass1"]) / 2 : measured["score"];
        var isDeceived = Numbers.TryGetValue("last_score", out var lastScore) && measured.ContainsKey("greedy")
            && measured["score"] > lastScore && accuracy < Numbers["last_accuracy"];
        Numbers["deceived"] = isDeceived ? Numbers.GetValueOrDefault("deceived") + 1 : 0;
        (Numbers["last_score"], Numbers["last_accuracy"]) = (measured["score"], accuracy);
        var isBest = accuracy > BestAccuracy;
        Numbers["without_better"] = isBest ? 0 : Numbers.GetValueOrDefault("without_better") + 1;
        if (isBest)
        {
            (Numbers["best"], Numbers["best_step"]) = (accuracy, Steps);
        }

        return isBest;
    }

    /// <summary>What was measured, beside what was measured before the first step.</summary>
    public Dictionary<string, double> WithStart(IReadOnlyDictionary<string, double> measured)
    {
        var both = measured.ToDictionary();
        foreach (var (name, value) in measured)
        {
            if (Steps == 0)
            {
                Numbers[StartPrefix + name] = value;
            }
            else if (name is "greedy" or "pass1" or "score" or "auc" or "wrong_score"
                && Numbers.TryGetValue(StartPrefix + name, out var before))
            {
                both[StartPrefix + name] = before;
            }
        }

        return both;
    }

    /// <summary>Why the training is to end; null: it goes on.</summary>
    public string? Ending
    {
        get
        {
            var (stop, kl, length) = (recipe.Stop, Numbers.GetValueOrDefault("kl"), Numbers.GetValueOrDefault("length"));
            return Numbers.GetValueOrDefault("without_better") >= stop.Patience
                    ? FormattableString.Invariant($"the last {stop.Patience} measurements were no better than that of step {BestStep}")
                : Numbers.GetValueOrDefault("deceived") >= stop.Hacking
                    ? FormattableString.Invariant($"scores rose while accuracy fell in {stop.Hacking} measurements in a row")
                : kl > stop.KlPer100Tokens * length / 100
                    ? FormattableString.Invariant($"the policy is {kl:F2} nats per answer from its reference, of {length:F0} tokens")
                : Numbers.GetValueOrDefault("trained_steps") > FirstSteps
                    && Numbers["entropy"] < stop.EntropyShare * Numbers["first_entropy"]
                    ? FormattableString.Invariant($"the entropy fell to {Numbers["entropy"]:F3} nats per token") : null;
        }
    }

    private void Smooth(string name, double value) => Numbers[name] = Numbers.TryGetValue(name, out var before)
        ? before + (0.2 * (value - before)) : value;
}
