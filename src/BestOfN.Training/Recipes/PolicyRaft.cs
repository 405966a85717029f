namespace BestOfN.Training.Recipes;

/// <summary>Which answers are imitated.</summary>
public sealed record PolicyRaft
{
    internal const string Best = "best";
    internal const string BestTwo = "best_two";
    internal const string AboveMedian = "above_median";
    internal const string StandingOut = "standing_out";

    /// <summary><c>best</c> of a group; <c>best_two</c> that differ; <c>above_median</c>; <c>standing_out</c>: the best, of the half of the
    /// groups where it is farthest above the mean.</summary>
    public string Choose { get; init; } = Best;

    /// <summary>No answer with a lower score is imitated: where all answers are wrong, the best of them is wrong, too. Null:
    /// no score is too low.</summary>
    public double? MinScore { get; init; }

    internal void Check(RecipeMistakes mistakes)
    {
        mistakes.Expect(
            Choose is Best or BestTwo or AboveMedian or StandingOut, "raft_options.choose",
            "best, best_two, above_median or standing_out", Choose);
        mistakes.Expect(MinScore is null || double.IsFinite(MinScore.Value), "raft_options.min_score", "a number, or nothing", MinScore);
    }
}
