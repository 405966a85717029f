namespace BestOfN.Core.Selection;

/// <summary>The words with which a selection says that it is less than what was asked for.</summary>
public static class Degradations
{
    /// <summary>The time budget ran out before all candidates were made and judged.</summary>
    public const string Deadline = "deadline";

    /// <summary>The token budget cut candidates short.</summary>
    public const string TokenBudget = "token_budget";

    /// <summary>
    /// The reward model gave no usable score for at least one candidate: those without one rank behind, by majority vote among themselves.
    /// </summary>
    public const string ScorerFailed = "scorer_failed";

    /// <summary>At temperature 0 all candidates would be equal, so only as many were made as choices were asked for.</summary>
    public const string GreedySingle = "greedy_single";

    /// <summary>The answer is too long for the reward model: it has no score and ranks behind those that have one.</summary>
    public static string TooLongToJudge(int index) => $"too_long_to_judge:{index}";

    /// <summary>A schema of the request is not understood here or costs too much to check: what was not checked counts as right.</summary>
    public const string SchemaUnchecked = "schema_unchecked";

    /// <summary>The answer has a flaw and ranks behind those with smaller ones.</summary>
    public static string Flawed(AnswerFlaw flaw, int index) => $"{Word(flaw)}:{index}";

    /// <summary>A flaw in the words of the wire.</summary>
    public static string Word(AnswerFlaw flaw) => flaw switch
    {
        AnswerFlaw.WrongSchema => "wrong_schema",
        AnswerFlaw.BadToolCall => "bad_tool_call",
        AnswerFlaw.WrongToolChoice => "wrong_tool_choice",
        AnswerFlaw.NotJson => "not_json",
        AnswerFlaw.Refusal => "refusal",
        AnswerFlaw.CutOff => "cut_off",
        AnswerFlaw.Empty => "empty",
        _ => "none",
    };

    public static string CandidateFailed(int index) => $"candidate_failed:{index}";
}
