using System.Buffers;
using System.Buffers.Text;
using System.Text;
using BestOfN.Gateway.Errors;

namespace BestOfN.Gateway.Selection.Attachments;

/// <summary>A <c>data:</c> URI with base64, the only kind of address that is read here (RFC 2397).</summary>
internal static class DataUrl
{
    private const int LongestHeader = 256;

    /// <param name="url">The URI, in UTF-8.</param>
    /// <param name="param">Where it stands in the request.</param>
    /// <param name="mediaTypes">What it may hold, in lower case.</param>
    /// <param name="limit">How many bytes it may hold.</param>
    /// <returns>What it holds, at least one byte.</returns>
    /// <exception cref="ApiException">It is another kind of address, holds something else, is not base64, is empty or too
    /// large.</exception>
    public static ReadOnlyMemory<byte> Read(ReadOnlySpan<byte> url, string param, IReadOnlyCollection<string> mediaTypes, long limit)
    {
        if (url.Length < 5 || !Ascii.EqualsIgnoreCase(url[..5], "data:"))
        {
            throw ApiException.Invalid(
                $"'{param}' must be a data: URI ({Example(mediaTypes)}), because addresses are not fetched here.", param,
                "unsupported_url");
        }

        var comma = url[..Math.Min(url.Length, LongestHeader)].IndexOf((byte)',');
        if (comma < 0)
        {
            throw Malformed(param, mediaTypes);
        }

        // What stands between media type and base64 are parameters, such as the codecs of a video.
        var header = Encoding.UTF8.GetString(url[5..comma]).Split(';', StringSplitOptions.TrimEntries);
        if (header.Length < 2 || !header[^1].Equals("base64", StringComparison.OrdinalIgnoreCase))
        {
            throw Malformed(param, mediaTypes);
        }

        if (!mediaTypes.Contains(header[0], StringComparer.OrdinalIgnoreCase))
        {
            throw ApiException.Invalid($"'{param}' must hold one of {string.Join(", ", mediaTypes)}.", param, "unsupported_media_type");
        }

        var base64 = url[(comma + 1)..];
        var longest = Base64.GetMaxDecodedFromUtf8Length(base64.Length);
        if (longest - 2 > limit)
        {
            throw ApiException.PartTooLarge(param, limit);
        }

        var content = new byte[longest];
        if (Base64.DecodeFromUtf8(base64, content, out _, out var length) is not OperationStatus.Done)
        {
            throw Malformed(param, mediaTypes);
        }

        return length == 0 ? throw ApiException.Invalid($"'{param}' is empty.", param, "invalid_data_url")
            : length > limit ? throw ApiException.PartTooLarge(param, limit)
            : content.AsMemory(0, length);
    }

    private static ApiException Malformed(string param, IReadOnlyCollection<string> mediaTypes) =>
        ApiException.Invalid($"'{param}' is not a data: URI with valid base64 ({Example(mediaTypes)}).", param, "invalid_data_url");

    private static string Example(IEnumerable<string> mediaTypes) => $"data:{mediaTypes.First()};base64,…";
}
