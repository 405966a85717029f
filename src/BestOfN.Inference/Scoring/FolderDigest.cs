using System.Security.Cryptography;
using System.Text;
using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Scoring;

/// <summary>Identity of a model: the contents of the files from which it is loaded. Other files of its folder may change.</summary>
internal static class FolderDigest
{
    private static readonly string[] s_extensions = [".json", ".jinja", ".model", ".safetensors", ".bin", ".txt"];

    /// <param name="folder">The model's.</param>
    /// <param name="progress">Told how many bytes are read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string Of(string folder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var done = 0L;
        foreach (var file in Files(folder))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(file.Name + "\0"));
            hash.AppendData(FileDigest.Of(file.FullName, length => progress?.Report(done += length), cancellationToken));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static IEnumerable<FileInfo> Files(string folder) => new DirectoryInfo(folder).EnumerateFiles()
        .Where(f => s_extensions.Contains(f.Extension.ToLowerInvariant()))
        .OrderBy(f => f.Name, StringComparer.Ordinal);
}
