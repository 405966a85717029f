namespace BestOfN.Core.Selection;

/// <summary>
/// What keeps an answer from winning while a better one is there. From the least to the worst: an answer with a smaller flaw goes first.
/// </summary>
public enum AnswerFlaw
{
    None,

    /// <summary>JSON, but not as the asked schema wants it.</summary>
    WrongSchema,

    /// <summary>A call names a tool that was not offered, or its arguments are not JSON or do not fit the tool.</summary>
    BadToolCall,

    /// <summary>A tool is called where none was allowed, none where one was required, or another than the one asked for.</summary>
    WrongToolChoice,

    /// <summary>Not JSON where JSON was asked for.</summary>
    NotJson,

    /// <summary>The model declines to answer.</summary>
    Refusal,

    /// <summary>Cut short by a limit or a filter.</summary>
    CutOff,

    /// <summary>Neither text nor call nor refusal.</summary>
    Empty,
}
