using System.Text.Json;
using BestOfN.Data.Worlds;

namespace BestOfN.Data.Evaluation;

/// <summary>What one generator does better than another on the same problems, with the same seeds.</summary>
/// <remarks>
/// Differences of means over problems, each with its 95 % interval: the normal approximation over the differences of the problems. Problems
/// that are hard for both add nothing to it, so it is narrower than the intervals of both means.
/// </remarks>
public sealed record BestOfNComparison
{
    /// <summary>Numbers of candidates, as in the curve.</summary>
    public required IReadOnlyList<int> K { get; init; }

    public required Difference Greedy { get; init; }

    /// <summary>At least one of k answers is correct.</summary>
    public required IReadOnlyList<Difference> Pass { get; init; }

    /// <summary>The answer of the highest reward of k is correct.</summary>
    public required IReadOnlyList<Difference> Reward { get; init; }

    /// <summary>Characters of an answer.</summary>
    public required Difference Length { get; init; }

    /// <summary>The same for each family of problems, by its name.</summary>
    public required IReadOnlyDictionary<string, FamilyComparison> Families { get; init; }

    /// <param name="before">The pools of the other generator.</param>
    /// <param name="after">The pools of this one, for the same problems in the same order.</param>
    /// <exception cref="ArgumentException">The pools differ in number, size or problems.</exception>
    public static BestOfNComparison Measure(IReadOnlyList<CandidatePool> before, IReadOnlyList<CandidatePool> after)
    {
        var n = before.Count == 0 ? 0 : before[0].Answers.Count;
        if (n == 0 || before.Count != after.Count || before.Concat(after).Any(p => p.Answers.Count != n)
            || !before.Select(p => p.Family).SequenceEqual(after.Select(p => p.Family)))
        {
            throw new ArgumentException("Expected pools of one size for the same problems.", nameof(after));
        }

        var ks = BestOfNCurve.Sizes(n);
        int[] all = [.. Enumerable.Range(0, before.Count)];
        return new()
        {
            K = ks,
            Greedy = Of(all, Greedily),
            Pass = [.. ks.Select(k => Of(all, p => PoolEstimators.PassAt(p, k)))],
            Reward = [.. ks.Select(k => Of(all, p => PoolEstimators.RewardAt(p, k)))],
            Length = Of(all, p => p.Answers.Average(a => a.Text.Length)),
            Families = all.Where(i => before[i].Family is not null).GroupBy(i => before[i].Family!.Value).OrderBy(g => g.Key)
                .ToDictionary(g => NameOf(g.Key), g => new FamilyComparison(
                    g.Count(), Of([.. g], Greedily), Of([.. g], p => PoolEstimators.PassAt(p, 1)),
                    Of([.. g], p => PoolEstimators.PassAt(p, n)), Of([.. g], p => PoolEstimators.RewardAt(p, n)))),
        };

        Difference Of(int[] problems, Func<CandidatePool, double> value) =>
            Difference.Of([.. problems.Select(i => value(before[i]))], [.. problems.Select(i => value(after[i]))]);

        static double Greedily(CandidatePool pool) => pool.GreedyIsCorrect ? 1 : 0;
    }

    private static string NameOf(ProblemFamily family) => JsonNamingPolicy.SnakeCaseLower.ConvertName(family.ToString());
}
