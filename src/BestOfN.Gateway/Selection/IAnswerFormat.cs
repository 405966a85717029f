using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>
/// How one route says a selection, whole or in chunks. All results are JSON in UTF-8. Made for one answer: it knows what it has said.
/// </summary>
internal interface IAnswerFormat
{
    byte[] Whole(SelectionResult selection);

    /// <summary>The first chunk of the first choice, before anything of it is known.</summary>
    /// <returns>Empty if the format has none.</returns>
    byte[] Opening();

    /// <summary>A piece of the first choice, while it is being made.</summary>
    IEnumerable<byte[]> Piece(CandidateDelta delta);

    /// <summary>A chunk without choices that tells what has happened to candidates.</summary>
    byte[] Live(LiveEvents events);

    /// <summary>What has not been said of a choice yet; ends with the finish reason.</summary>
    /// <param name="choice">Its place.</param>
    /// <param name="candidate">The answer.</param>
    /// <param name="report">Rides on the last chunk, if there is one.</param>
    IEnumerable<byte[]> Remainder(int choice, Candidate candidate, BestOfNReport? report);

    /// <summary>The chunk without choices that tells the usage.</summary>
    byte[] UsageOf(SelectionResult selection, BestOfNReport? report);
}
