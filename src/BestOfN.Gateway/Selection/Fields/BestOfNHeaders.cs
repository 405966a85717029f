using System.Globalization;
using BestOfN.Gateway.Errors;

namespace BestOfN.Gateway.Selection.Fields;

/// <summary>The gateway's own headers.</summary>
internal static class BestOfNHeaders
{
    /// <summary>In a request: the number of candidates. In an answer: how it was selected.</summary>
    public const string Selection = "X-Best-Of-N";

    /// <summary>In an answer: why it is less than was asked for.</summary>
    public const string Degraded = "X-Best-Of-N-Degraded";

    /// <returns>The number of candidates that a request asks for; null where the header is absent.</returns>
    /// <exception cref="ApiException">The header is not a positive integer.</exception>
    public static int? CandidatesOf(IHeaderDictionary headers)
    {
        if (!headers.TryGetValue(Selection, out var value))
        {
            return null;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1
            ? number
            : throw ApiException.Invalid($"The header {Selection} must be a positive integer.", Selection, "invalid_type");
    }
}
