using BestOfN.Core.Rewards;

namespace BestOfN.Inputs.Scoring;

/// <summary>A sequence within a limit of tokens.</summary>
/// <param name="Sequence">The sequence; null where it is too long and was not to be cut.</param>
/// <param name="Tokens">The tokens that it had before.</param>
/// <param name="IsCut">Whether some were left out.</param>
internal sealed record LimitedSequence(ScoringSequence? Sequence, int Tokens, bool IsCut)
{
    /// <summary>A sequence that is read at its end, brought within a limit.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="most">Most tokens.</param>
    /// <param name="limit">Whether more are cut, and where; its own number of tokens is not read.</param>
    public static LimitedSequence Of(ScoringSequence sequence, int most, InputLimit limit)
    {
        var ids = sequence.Ids;
        return ids.Length <= most ? new(sequence, ids.Length, IsCut: false)
            : !limit.Cuts ? new(null, ids.Length, IsCut: false)
            : new(sequence with { Ids = limit.KeepsEnd ? ids[^most..] : ids[..most], Rows = [most - 1] }, ids.Length, IsCut: true);
    }
}
