using System.Text.Json;
using BestOfN.Data;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Policy;

/// <summary>Lets the policy answer held-out prompts: greedily, and several times at temperature 1.</summary>
/// <remarks>The same prompts and seeds every time, so that two measurements differ by the policy alone.</remarks>
/// <param name="recipe">How many prompts.</param>
/// <param name="source">The prompts.</param>
/// <param name="sampler">Lets the policy answer.</param>
/// <param name="scorer">The reward model, whatever the policy is trained on.</param>
/// <param name="examples">File that receives what was answered last, for people to read.</param>
internal sealed class HeldOutMeasurement(
    PolicyRecipe recipe, IPromptSource source, RolloutSampler sampler, IAnswerScorer scorer, string examples)
{
    private const int Samples = 4;
    private const int Examples = 100;
    private const ulong Seed = 77_777;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly IReadOnlyList<(string Name, IReadOnlyList<PolicyPrompt> Prompts)> _heldOut =
        source.HeldOut(recipe.HeldOutPrompts);

    /// <returns>
    /// For every kind of prompt and their mean: score (of the reward model) and finished (share of answers that end by themselves); and
    /// where there is a checker greedy and pass1 (shares of correct answers), auc (how often a correct answer scores above a wrong one of
    /// the same prompt) and wrong_score (mean score of wrong answers): they tell whether the reward model is deceived.
    /// </returns>
    public Dictionary<string, double> Measure(CancellationToken cancellationToken)
    {
        var measured = new Dictionary<string, double>();
        var sums = new Dictionary<string, List<double>>();
        var seen = new List<string>();
        foreach (var (name, prompts) in _heldOut)
        {
            var groups = sampler.Sample(prompts, Samples, 1, Seed, cancellationToken);
            scorer.Score(groups, 0, cancellationToken);
            seen.AddRange(groups.Take(Examples).Select(Example));
            var answers = groups.SelectMany(g => g.Answers).ToArray();
            Add("score", Mean(answers.Select(a => a.Score)));
            Add("finished", answers.Average(a => a.IsFinished ? 1.0 : 0));
            if (answers.All(a => a.IsCorrect is not null))
            {
                Add("pass1", answers.Average(a => a.IsCorrect == true ? 1.0 : 0));
                var greedy = sampler.Sample(prompts, 1, 0, Seed, cancellationToken);
                Add("greedy", greedy.Average(g => g.Answers[0].IsCorrect == true ? 1.0 : 0));
                Add("auc", Auc(groups));
                Add("wrong_score", Mean(answers.Where(a => a.IsCorrect == false).Select(a => a.Score)));
            }

            void Add(string what, double value)
            {
                if (_heldOut.Count > 1)
                {
                    measured[$"{name} {what}"] = value;
                }

                (sums.TryGetValue(what, out var all) ? all : sums[what] = []).Add(value);
            }
        }

        foreach (var (what, values) in sums)
        {
            measured[what] = values.Average();
        }

        AtomicFile.Write(examples, System.Text.Encoding.UTF8.GetBytes(string.Concat(seen.Select(line => line + "\n"))));
        return measured;
    }

    private static string Example(RolloutGroup group) => JsonSerializer.Serialize(new
    {
        Question = group.Source.Messages[^1].Text,
        Answers = group.Answers.Select(a => new { a.Text, Score = double.IsFinite(a.Score) ? a.Score : (double?)null, a.IsCorrect }),
    }, s_json);

    // 0.5 where no prompt has both correct and wrong answers.
    private static double Auc(IEnumerable<RolloutGroup> groups)
    {
        var (won, pairs) = (0.0, 0);
        foreach (var group in groups)
        {
            foreach (var right in group.Answers.Where(a => a.IsCorrect == true && double.IsFinite(a.Score)))
            {
                foreach (var wrong in group.Answers.Where(a => a.IsCorrect == false && double.IsFinite(a.Score)))
                {
                    won += right.Score > wrong.Score ? 1 : right.Score == wrong.Score ? 0.5 : 0;
                    pairs++;
                }
            }
        }

        return pairs == 0 ? 0.5 : won / pairs;
    }

    private static double Mean(IEnumerable<double> scores)
    {
        var known = scores.Where(double.IsFinite).ToArray();
        return known.Length == 0 ? 0 : known.Average();
    }
}
