namespace BestOfN.Core.Generation;

/// <summary>Something that happened to one candidate.</summary>
/// <param name="Index">Which candidate, 0..N-1.</param>
public abstract record GenerationEvent(int Index);

/// <summary>More of an answer.</summary>
/// <param name="Index">Which candidate.</param>
/// <param name="Text">More text; never splits a Unicode scalar. Empty where the piece brings something else, such as reasoning or a tool call.</param>
public sealed record CandidateDelta(int Index, string Text) : GenerationEvent(Index)
{
    /// <summary>All that came, where an upstream makes the only candidate; null where the text is all there is.</summary>
    public AnswerPiece? Piece { get; init; }
}

/// <summary>The candidate is complete.</summary>
public sealed record CandidateFinished(Candidate Candidate) : GenerationEvent(Candidate.Index);

/// <summary>The candidate is lost; its siblings are not.</summary>
/// <param name="Index">Which candidate.</param>
/// <param name="Exception">Why.</param>
public sealed record CandidateFailed(int Index, GenerationFailedException Exception) : GenerationEvent(Index);
