using System.Text;
using BestOfN.Core.Selection;

namespace BestOfN.Data.Samples;

/// <summary>Which two answers of a prompt become chosen and rejected.</summary>
/// <remarks>
/// The chosen answer ended by itself and has the higher score; of all pairs that keep the rules, the one with the largest difference of
/// scores is taken, then the earlier answers. Answers that say the same (<see cref="AnswerKey"/>) are no pair. Thread-safe.
/// </remarks>
public sealed record PairSelection
{
    /// <summary>Least difference of scores; a pair needs a difference above 0 in any case.</summary>
    public double Margin { get; init; }

    /// <summary>Characters of the chosen answer at most, as a multiple of the rejected one's; null: length does not matter. Reward models
    /// like length, and what is trained on their choices would learn to be long.</summary>
    public double? MaxLengthRatio { get; init; } = 1.5;

    /// <summary>Pairs of a prompt at most. No answer is in two pairs.</summary>
    public int PairsPerPrompt { get; init; } = 1;

    /// <returns>The pairs, largest difference first; without any, why.</returns>
    public (IReadOnlyList<AnswerPair> Pairs, NoPair? Reason) Choose(IReadOnlyList<SampledAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        var left = answers.Where(a => a.Score is not null && !string.IsNullOrWhiteSpace(a.Text))
            .Select((answer, i) => new Rated(answer, i, AnswerKey.Of(answer.Text), answer.Text.EnumerateRunes().Count())).ToList();
        if (left.Count < 2)
        {
            return ([], NoPair.TooFewScores);
        }

        if (!left.Exists(a => a.Answer.IsFinished))
        {
            return ([], NoPair.NoFinishedAnswer);
        }

        var pairs = new List<AnswerPair>();
        var reason = NoPair.SameAnswers;
        while (pairs.Count < PairsPerPrompt && Largest(left, ref reason) is { } pair)
        {
            pairs.Add(new(pair.Chosen.Answer, pair.Rejected.Answer));
            left.Remove(pair.Chosen);
            left.Remove(pair.Rejected);
        }

        return (pairs, pairs.Count > 0 ? null : reason);
    }

    private (Rated Chosen, Rated Rejected)? Largest(List<Rated> answers, ref NoPair reason)
    {
        (Rated, Rated)? found = null;
        var largest = double.NegativeInfinity;
        foreach (var chosen in answers.Where(a => a.Answer.IsFinished))
        {
            foreach (var rejected in answers.Where(a => a.Key != chosen.Key))
            {
                var difference = chosen.Answer.Score!.Value - rejected.Answer.Score!.Value;
                if (difference <= 0 || difference < Margin)
                {
                    reason = reason < NoPair.TooClose ? NoPair.TooClose : reason;
                }
                else if (MaxLengthRatio is { } ratio && chosen.Characters > ratio * rejected.Characters)
                {
                    reason = NoPair.TooLong;
                }
                else if (difference > largest)
                {
                    (largest, found) = (difference, (chosen, rejected));
                }
            }
        }

        return found;
    }

    private sealed record Rated(SampledAnswer Answer, int Index, string Key, int Characters);
}
