using BestOfN.Core.Selection;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Selection;

/// <summary>The headers of an answer that tell how it was selected.</summary>
internal static class SelectionHeaders
{
    public static void Write(IHeaderDictionary headers, SelectionResult selection)
    {
        var score = selection.Winner.Score is { } won ? FormattableString.Invariant($"; score={won.Value:0.####}") : "";
        headers[BestOfNHeaders.Selection] = FormattableString.Invariant(
            $"requested={selection.Requested}; scored={selection.Scored}; selected={selection.Winner.Index}{score}");
        if (selection.Degraded.Count > 0)
        {
            headers[BestOfNHeaders.Degraded] = string.Join(", ", selection.Degraded);
        }
    }

    /// <summary>For a stream that has to begin before anything is selected.</summary>
    public static void WriteEarly(IHeaderDictionary headers, SelectionRequest request) =>
        headers[BestOfNHeaders.Selection] = FormattableString.Invariant($"requested={request.Generation.Candidates}");
}
