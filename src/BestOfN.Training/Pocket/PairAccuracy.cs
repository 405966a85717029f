using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>
/// Share of held-out pairs that a reward model puts in the right order: the mean over problems of each problem's share; ties count half.
/// </summary>
internal static class PairAccuracy
{
    private const int ProblemsAtOnce = 32;

    /// <returns>By name of each family of problems, and <c>pair_accuracy</c>, the mean over the families.</returns>
    public static IReadOnlyDictionary<string, double> Of(
        PocketRewardModel model, IEnumerable<KeyValuePair<string, ComparedAnswers[]>> families)
    {
        var accuracy = families.ToDictionary(f => f.Key, f => Of(model, f.Value));
        accuracy.Add("pair_accuracy", accuracy.Values.Average());
        return accuracy;
    }

    private static double Of(PocketRewardModel model, ComparedAnswers[] problems)
    {
        using var guard = no_grad();
        var accuracy = 0.0;
        foreach (var chunk in problems.Chunk(ProblemsAtOnce))
        {
            using var scope = NewDisposeScope();
            var rewards = model.Rewards(chunk).data<float>().ToArray();
            var first = 0;
            foreach (var problem in chunk)
            {
                accuracy += problem.Pairs.Average(p => Share(rewards[first + p.Better], rewards[first + p.Worse]));
                first += problem.Answers.Count;
            }
        }

        return accuracy / problems.Length;
    }

    private static double Share(float better, float worse) => better.CompareTo(worse) switch { > 0 => 1, 0 => 0.5, _ => 0 };
}
