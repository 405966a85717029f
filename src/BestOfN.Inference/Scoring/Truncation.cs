namespace BestOfN.Inference.Scoring;

/// <summary>How a conversation with more tokens than a limit is treated.</summary>
public enum Truncation
{
    /// <summary>It gets no score.</summary>
    Fail,

    /// <summary>The beginning of the prompt goes, with the token that begins a sequence.</summary>
    Left,

    /// <summary>The end of the answer goes, and its score is read in the middle of it.</summary>
    Right,
}
