using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Streaming;

/// <summary>How one route says a selection, whole or in chunks. All results are JSON in UTF-8.</summary>
internal interface IAnswerFormat
{
    byte[] Whole(Selection selection);

    /// <summary>The first chunk of a choice.</summary>
    /// <returns>Empty if the format has none.</returns>
    byte[] Opening(int choice);

    byte[] Piece(int choice, string text);

    /// <summary>What is left of a choice after some of its text has been sent; ends with the finish reason.</summary>
    /// <param name="choice">Its place.</param>
    /// <param name="candidate">The answer.</param>
    /// <param name="textSent">Length of the text sent so far.</param>
    /// <param name="report">Rides on the last chunk, if there is one.</param>
    IEnumerable<byte[]> Remainder(int choice, Candidate candidate, int textSent, BestOfNReport? report);

    /// <summary>The chunk without choices that tells the usage.</summary>
    byte[] UsageOf(Selection selection, BestOfNReport? report);
}
