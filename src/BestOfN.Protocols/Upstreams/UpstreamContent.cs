using System.IO.Compression;

namespace BestOfN.Protocols.Upstreams;

/// <summary>Opens the content of a server's answer.</summary>
public static class UpstreamContent
{
    /// <param name="content">The content.</param>
    /// <param name="key">The key that the server was called with, which is covered wherever the content repeats it; null: none.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <returns>The content, decompressed.</returns>
    /// <exception cref="NotSupportedException">It is compressed in a way that is not known here.</exception>
    public static async Task<Stream> OpenAsync(HttpContent content, string? key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var body = await content.ReadAsStreamAsync(cancellationToken);
        foreach (var encoding in content.Headers.ContentEncoding.Reverse())
        {
            body = encoding.ToUpperInvariant() switch
            {
                "IDENTITY" => body,
                "GZIP" or "X-GZIP" => new GZipStream(body, CompressionMode.Decompress),
                "DEFLATE" => new ZLibStream(body, CompressionMode.Decompress),
                "BR" => new BrotliStream(body, CompressionMode.Decompress),
                _ => throw new NotSupportedException($"The encoding {encoding} is not known."),
            };
        }

        return MaskedStream.Over(body, key);
    }
}
