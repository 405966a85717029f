using System.Security.Cryptography;

namespace BestOfN.Inputs.Files;

/// <summary>SHA-256 of a file's content.</summary>
internal static class FileDigest
{
    private const int ChunkBytes = 1 << 20;

    /// <param name="path">A regular file.</param>
    /// <param name="read">Called with the number of bytes after every chunk.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[] Of(string path, Action<int>? read = null, CancellationToken cancellationToken = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = RegularFile.Open(path, bufferSize: 0);
        var chunk = new byte[ChunkBytes];
        for (int length; (length = file.Read(chunk)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(chunk, 0, length);
            read?.Invoke(length);
        }

        return hash.GetHashAndReset();
    }
}
