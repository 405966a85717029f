namespace BestOfN.Core.Generation;

/// <summary>More of an answer.</summary>
/// <param name="Index">Which candidate.</param>
/// <param name="Text">More text; never splits a Unicode scalar. Empty where the piece brings something else, such as reasoning or a tool
/// call.</param>
public sealed record CandidateDelta(int Index, string Text) : GenerationEvent(Index)
{
    /// <summary>All that came, where an upstream makes the only candidate; null where the text is all there is.</summary>
    public AnswerPiece? Piece { get; init; }
}
