namespace BestOfN.Core.Selection;

/// <summary>The words with which a selection says that it is less than what was asked for.</summary>
public static class Degradations
{
    /// <summary>The time budget ran out before all candidates were made and judged.</summary>
    public const string Deadline = "deadline";

    /// <summary>The token budget cut candidates short.</summary>
    public const string TokenBudget = "token_budget";

    /// <summary>The reward model gave no usable score for at least one candidate: those without one rank behind, by majority vote among themselves.</summary>
    public const string ScorerFailed = "scorer_failed";

    /// <summary>At temperature 0 all candidates would be equal, so only as many were made as choices were asked for.</summary>
    public const string GreedySingle = "greedy_single";

    /// <summary>The answer is too long for the reward model: it has no score and ranks behind those that have one.</summary>
    public static string TooLongToJudge(int index) => $"too_long_to_judge:{index}";

    public static string CandidateFailed(int index) => $"candidate_failed:{index}";
}
