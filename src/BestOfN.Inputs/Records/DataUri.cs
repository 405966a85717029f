using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace BestOfN.Inputs.Records;

/// <summary>A <c>data:</c> URI with base64 (RFC 2397). Other encodings are not read.</summary>
public readonly ref struct DataUri
{
    private const int LongestHeader = 256;

    private readonly ReadOnlySpan<byte> _base64;

    private DataUri(string mediaType, ReadOnlySpan<byte> base64)
    {
        MediaType = mediaType;
        _base64 = base64;
    }

    /// <summary>What it says it holds, such as <c>image/png</c>; empty if it does not say.</summary>
    public string MediaType { get; }

    /// <summary>Whether an address begins as these URIs do.</summary>
    public static bool Is(ReadOnlySpan<byte> address) => address.Length >= 5 && Ascii.EqualsIgnoreCase(address[..5], "data:"u8);

    /// <summary>Reads what stands before the content.</summary>
    /// <param name="address">In UTF-8.</param>
    /// <param name="uri">The URI, a slice of <paramref name="address"/>.</param>
    /// <returns>False if it is another address or not in base64.</returns>
    public static bool TryParse(ReadOnlySpan<byte> address, out DataUri uri)
    {
        uri = default;
        var comma = address[..Math.Min(address.Length, LongestHeader)].IndexOf((byte)',');
        if (!Is(address) || comma < 0)
        {
            return false;
        }

        // Parameters, such as the codecs of a video, stand between media type and base64.
        var header = Encoding.UTF8.GetString(address[5..comma]).Split(';', StringSplitOptions.TrimEntries);
        if (header.Length < 2 || !header[^1].Equals("base64", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        uri = new(header[0], address[(comma + 1)..]);
        return true;
    }

    /// <summary>Whether the content cannot have as few bytes as <paramref name="limit"/>, judged by its length in base64.</summary>
    public bool IsLargerThan(long limit) => Base64.GetMaxDecodedFromUtf8Length(_base64.Length) - 2 > limit;

    /// <param name="content">The content; may be empty.</param>
    /// <returns>False if the base64 is not valid.</returns>
    public bool TryDecode(out ReadOnlyMemory<byte> content)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(_base64.Length)];
        var isValid = Base64.DecodeFromUtf8(_base64, bytes, out _, out var length) is OperationStatus.Done;
        content = bytes.AsMemory(0, length);
        return isValid;
    }
}
