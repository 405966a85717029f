namespace BestOfN.Training.Policy.Objectives;

/// <summary>Which answers of a group are imitated or compared. Only answers that ended by themselves and have a score count.</summary>
internal static class AnswerChoice
{
    /// <summary>The highest score, the first of equals; null where there is none.</summary>
    public static int? Best(IReadOnlyList<double> scores, IReadOnlyList<bool> isFinished) =>
        Ranked(scores, isFinished) is [var best, ..] ? best : null;

    /// <summary>The best answers with different keys, the best first.</summary>
    /// <param name="scores">One per answer.</param>
    /// <param name="isFinished">Whether it ended by itself.</param>
    /// <param name="keys">Answers with one key say the same.</param>
    /// <param name="count">At most so many.</param>
    public static int[] BestDistinct(
        IReadOnlyList<double> scores, IReadOnlyList<bool> isFinished, IReadOnlyList<string> keys, int count) =>
        [.. Ranked(scores, isFinished).DistinctBy(i => keys[i]).Take(count)];

    /// <summary>All answers with more than the median score of those that count, in their order.</summary>
    public static int[] AboveMedian(IReadOnlyList<double> scores, IReadOnlyList<bool> isFinished)
    {
        var ranked = Ranked(scores, isFinished);
        if (ranked.Length == 0)
        {
            return [];
        }

        var middle = ranked.Length / 2;
        var median = ranked.Length % 2 == 1 ? scores[ranked[middle]] : (scores[ranked[middle - 1]] + scores[ranked[middle]]) / 2;
        return [.. ranked.Where(i => scores[i] > median).Order()];
    }

    /// <summary>The best and the worst answer; null where they say the same or their scores are too near.</summary>
    /// <param name="scores">One per answer.</param>
    /// <param name="isFinished">Whether it ended by itself.</param>
    /// <param name="keys">Answers with one key say the same.</param>
    /// <param name="minMargin">Least difference of the scores.</param>
    public static (int Chosen, int Rejected)? Pair(
        IReadOnlyList<double> scores, IReadOnlyList<bool> isFinished, IReadOnlyList<string> keys, double minMargin)
    {
        var ranked = Ranked(scores, isFinished);
        if (ranked.Length < 2)
        {
            return null;
        }

        var (best, lowest) = (ranked[0], scores[ranked[^1]]);
        var worst = ranked.Where(i => scores[i] == lowest).Min();
        return keys[best] != keys[worst] && scores[best] - lowest >= minMargin ? (best, worst) : null;
    }

    /// <summary>Whether the better answer is not so much longer that length alone might be learned.</summary>
    public static bool IsOfLikeLength(int chosen, int rejected, double maxRatio) => chosen <= maxRatio * rejected;

    private static int[] Ranked(IReadOnlyList<double> scores, IReadOnlyList<bool> isFinished) =>
    [
        .. Enumerable.Range(0, scores.Count).Where(i => isFinished[i] && !double.IsNaN(scores[i])).OrderByDescending(i => scores[i]),
    ];
}
