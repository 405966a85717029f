using System.Numerics;
using BestOfN.Core.Selection;
using BestOfN.Data.Sampling;

namespace BestOfN.Data.Evaluation;

/// <summary>Estimates from one pool of n answers for rules that see only k of them: expectations over all k-subsets.</summary>
internal static class PoolEstimators
{
    /// <summary>The chance that at least one of k answers is correct: 1 − C(n−c, k) / C(n, k).</summary>
    /// <remarks>Source: Chen et al. 2021, https://arxiv.org/abs/2107.03374.</remarks>
    public static double PassAt(CandidatePool pool, int k)
    {
        var (n, wrong) = (pool.Answers.Count, pool.Answers.Count(a => !a.IsCorrect));
        var allWrong = 1.0;
        for (var i = 0; i < k; i++)
        {
            allWrong *= Math.Max(0, wrong - i) / (double)(n - i);
        }

        return 1 - allWrong;
    }

    /// <summary>The chance that the answer of the highest reward among k is correct; among equal rewards the lower index wins, and
    /// truncated answers only win among themselves.</summary>
    /// <remarks>The answer of rank r (from 0) wins C(n−1−r, k−1) of the C(n, k) subsets: those that hold it and nothing better.</remarks>
    public static double RewardAt(CandidatePool pool, int k)
    {
        var n = pool.Answers.Count;
        var (expectation, weight) = (0.0, k / (double)n);
        var rank = 0;
        foreach (var answer in pool.Answers.OrderBy(a => a.IsTruncated).ThenByDescending(a => a.Score.Value)) // a stable sort
        {
            expectation += answer.IsCorrect ? weight : 0;
            weight *= Math.Max(0, n - k - rank) / (double)Math.Max(1, n - 1 - rank);
            rank++;
        }

        return expectation;
    }

    /// <summary>
    /// The chance that a strategy chooses a correct one of k answers: over all subsets if there are at most <paramref name="subsets"/>,
    /// else over that many random ones.
    /// </summary>
    public static double ChoiceAt(CandidatePool pool, int k, ISelectionStrategy strategy, int subsets, SplitMix64 random)
    {
        var n = pool.Answers.Count;
        var candidates = pool.Answers.Select((a, i) => a.ToScoredCandidate(i, strategy.NeedsScores)).ToArray();
        var chosen = new int[k];
        int right = 0, seen = 0;
        if (Combinations(n, k) <= subsets)
        {
            for (var i = 0; i < k; i++)
            {
                chosen[i] = i;
            }

            do
            {
                Choose();
            }
            while (MoveToNextSubset(chosen, n));
        }
        else
        {
            var indices = Enumerable.Range(0, n).ToArray();
            while (seen < subsets)
            {
                for (var i = 0; i < k; i++)
                {
                    var j = i + random.Below(n - i);
                    (indices[i], indices[j]) = (indices[j], indices[i]);
                }

                indices.AsSpan(0, k).CopyTo(chosen);
                Array.Sort(chosen);
                Choose();
            }
        }

        return right / (double)seen;

        void Choose()
        {
            // As in the selection, a truncated answer is chosen only if all answers are truncated.
            var complete = chosen.Where(i => !pool.Answers[i].IsTruncated).Select(i => candidates[i]).ToList();
            var winner = strategy.Rank(complete.Count > 0 ? complete : [.. chosen.Select(i => candidates[i])])[0];
            seen++;
            right += pool.Answers[winner.Candidate.Index].IsCorrect ? 1 : 0;
        }
    }

    /// <summary>Counts the pairs of a correct and a wrong answer, and those of them that the reward ranks correctly; equal rewards count
    /// one half.</summary>
    /// <param name="pool">Answers to one problem.</param>
    /// <param name="reward">Which reward to rank by.</param>
    /// <param name="isJudged">Which answers to look at.</param>
    public static (double Won, double Pairs) RankedPairs(
        CandidatePool pool, Func<PooledAnswer, double> reward, Func<PooledAnswer, bool> isJudged)
    {
        var correct = pool.Answers.Where(a => a.IsCorrect && isJudged(a)).Select(reward).ToList();
        var wrong = pool.Answers.Where(a => !a.IsCorrect && isJudged(a)).Select(reward).ToList();
        var won = correct.Sum(c => wrong.Sum(w => c > w ? 1 : c == w ? 0.5 : 0));
        return (won, (double)correct.Count * wrong.Count);
    }

    private static BigInteger Combinations(int n, int k)
    {
        var combinations = BigInteger.One;
        for (var i = 1; i <= k; i++)
        {
            combinations = combinations * (n - k + i) / i;
        }

        return combinations;
    }

    /// <summary>Advances an ascending subset of 0..n-1 to the next one in lexicographic order.</summary>
    private static bool MoveToNextSubset(int[] subset, int n)
    {
        var k = subset.Length;
        var i = k - 1;
        while (i >= 0 && subset[i] == n - k + i)
        {
            i--;
        }

        if (i < 0)
        {
            return false;
        }

        subset[i]++;
        for (var j = i + 1; j < k; j++)
        {
            subset[j] = subset[j - 1] + 1;
        }

        return true;
    }
}
