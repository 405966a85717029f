using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace BestOfN.Gateway.Page;

/// <summary>A file of the page, as it is sent.</summary>
/// <param name="Name">Name in the folder <c>Files</c>.</param>
/// <param name="ContentType">Media type.</param>
/// <param name="Content">Bytes.</param>
/// <param name="Tag">Hash of the content, by which a browser knows that its copy is still the right one.</param>
internal sealed record PageFile(string Name, string ContentType, ReadOnlyMemory<byte> Content, EntityTagHeaderValue Tag)
{
    public const string Index = "index.html";

    private const string Prefix = "Page/Files/";

    private static readonly Dictionary<string, string> _types = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json",
        [".svg"] = "image/svg+xml",
    };

    /// <summary>Reads all files of the page, which are resources of this assembly.</summary>
    public static IReadOnlyList<PageFile> ReadAll()
    {
        var assembly = typeof(PageFile).Assembly;
        return [.. assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(Read)];
    }

    private static PageFile Read(string resource)
    {
        using var stream = typeof(PageFile).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexString(SHA256.HashData(content).AsSpan(0, 16))}\"");
        return new(resource[Prefix.Length..], _types[Path.GetExtension(resource)], content, tag);
    }
}
