namespace BestOfN.Core.Selection;

/// <summary>What a request asks of the form of its answers, such as JSON of a schema. Used by one request, one call at a time.</summary>
public interface IAnswerDemands
{
    /// <summary>
    /// Whether something could not be checked, because a schema is not understood or costs too much. It then counts as right.
    /// </summary>
    bool AreUnchecked { get; }

    /// <summary>What an answer lacks; it is complete, not empty and no refusal.</summary>
    AnswerFlaw FlawOf(MessageContent content);
}
