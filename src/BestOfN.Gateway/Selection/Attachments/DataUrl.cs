using BestOfN.Gateway.Errors;
using BestOfN.Inputs.Records;

namespace BestOfN.Gateway.Selection.Attachments;

/// <summary>Reads <c>data:</c> URIs with base64, the only kind of address that is read here.</summary>
internal static class DataUrl
{
    /// <param name="url">The URI, in UTF-8.</param>
    /// <param name="param">Where it stands in the request.</param>
    /// <param name="mediaTypes">What it may hold, in lower case.</param>
    /// <param name="limit">How many bytes it may hold.</param>
    /// <returns>What it holds, at least one byte.</returns>
    /// <exception cref="ApiException">It is another kind of address, holds something else, is not base64, is empty or too
    /// large.</exception>
    public static ReadOnlyMemory<byte> Read(ReadOnlySpan<byte> url, string param, IReadOnlyCollection<string> mediaTypes, long limit)
    {
        if (!DataUri.Is(url))
        {
            throw ApiException.Invalid(
                $"'{param}' must be a data: URI ({Example(mediaTypes)}), because addresses are not fetched here.", param,
                "unsupported_url");
        }

        if (!DataUri.TryParse(url, out var uri))
        {
            throw Malformed(param, mediaTypes);
        }

        if (!mediaTypes.Contains(uri.MediaType, StringComparer.OrdinalIgnoreCase))
        {
            throw ApiException.Invalid(
                $"'{param}' must hold one of {string.Join(", ", mediaTypes)}.", param, "unsupported_media_type");
        }

        if (uri.IsLargerThan(limit))
        {
            throw ApiException.PartTooLarge(param, limit);
        }

        if (!uri.TryDecode(out var content))
        {
            throw Malformed(param, mediaTypes);
        }

        return content.IsEmpty ? throw ApiException.Invalid($"'{param}' is empty.", param, "invalid_data_url")
            : content.Length > limit ? throw ApiException.PartTooLarge(param, limit)
            : content;
    }

    private static ApiException Malformed(string param, IReadOnlyCollection<string> mediaTypes) =>
        ApiException.Invalid($"'{param}' is not a data: URI with valid base64 ({Example(mediaTypes)}).", param, "invalid_data_url");

    private static string Example(IEnumerable<string> mediaTypes) => $"data:{mediaTypes.First()};base64,…";
}
