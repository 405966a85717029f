namespace BestOfN.Core.Prompts;

/// <summary>The media type of an encoded image or video, from its first bytes.</summary>
public static class MediaType
{
    public static string OfImage(ReadOnlySpan<byte> content) =>
        content is [0x89, (byte)'P', (byte)'N', (byte)'G', ..] ? "image/png"
        : content.StartsWith("GIF8"u8) ? "image/gif"
        : content is [0xFF, 0xD8, ..] ? "image/jpeg"
        : content.StartsWith("BM"u8) ? "image/bmp"
        : content.Length >= 12 && content[8..].StartsWith("WEBP"u8) ? "image/webp"
        : "application/octet-stream";

    public static string OfVideo(ReadOnlySpan<byte> content) =>
        content.StartsWith("GIF8"u8) ? "image/gif"
        : content is [0x1A, 0x45, 0xDF, 0xA3, ..] ? "video/webm"
        : "video/mp4";

    /// <summary>The ending of a file's name, without the dot.</summary>
    public static string Extension(string mediaType) => mediaType switch
    {
        "image/jpeg" => "jpg",
        "application/octet-stream" => "bin",
        _ => mediaType[(mediaType.IndexOf('/', StringComparison.Ordinal) + 1)..],
    };
}
