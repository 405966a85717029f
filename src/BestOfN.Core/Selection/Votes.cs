namespace BestOfN.Core.Selection;

/// <summary>Votes among candidates that are given in the order of their index; pure, and without allocation for up to 256 of them.</summary>
public static class Votes
{
    /// <summary>The most frequent answer, by its first candidate; of equally frequent ones that of the lower index.</summary>
    /// <param name="groups">Candidates with equal answers share a number.</param>
    /// <returns>The position of the winner.</returns>
    public static int Majority(ReadOnlySpan<int> groups)
    {
        Span<double> weights = groups.Length <= 256 ? stackalloc double[groups.Length] : new double[groups.Length];
        weights.Fill(1);
        return groups.IndexOf(HeaviestGroup(groups, weights));
    }

    /// <summary>
    /// The answer whose candidates have the largest sum of exp(reward), by its candidate of the highest reward. Where all answers
    /// differ, that is the highest reward. Ties go to the lower index.
    /// </summary>
    /// <remarks>Under the Bradley-Terry model, which the pairwise loss fits, exp(reward) is proportional to the chance of being the best.</remarks>
    /// <param name="groups">Candidates with equal answers share a number.</param>
    /// <param name="scores">Finite rewards, one per candidate.</param>
    /// <returns>The position of the winner.</returns>
    public static int Weighted(ReadOnlySpan<int> groups, ReadOnlySpan<double> scores)
    {
        var highest = double.NegativeInfinity;
        foreach (var score in scores)
        {
            highest = Math.Max(highest, score);
        }

        Span<double> weights = groups.Length <= 256 ? stackalloc double[groups.Length] : new double[groups.Length];
        for (var i = 0; i < scores.Length; i++)
        {
            weights[i] = Math.Exp(scores[i] - highest);
        }

        var group = HeaviestGroup(groups, weights);
        var winner = -1;
        for (var i = 0; i < groups.Length; i++)
        {
            if (groups[i] == group && (winner < 0 || scores[i] > scores[winner]))
            {
                winner = i;
            }
        }

        return winner;
    }

    private static int HeaviestGroup(ReadOnlySpan<int> groups, Span<double> weights)
    {
        // Each weight is moved to the first candidate of its group.
        var heaviest = 0;
        for (var i = 1; i < groups.Length; i++)
        {
            var first = groups.IndexOf(groups[i]);
            if (first < i)
            {
                weights[first] += weights[i];
                weights[i] = 0;
            }
        }

        for (var i = 1; i < groups.Length; i++)
        {
            heaviest = weights[i] > weights[heaviest] ? i : heaviest;
        }

        return groups[heaviest];
    }
}
