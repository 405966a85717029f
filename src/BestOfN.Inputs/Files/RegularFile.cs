using System.Runtime.InteropServices;
using System.Text;

namespace BestOfN.Inputs.Files;

/// <summary>Reads files whose path comes from outside (a model folder, a row, a recipe): only
/// regular files, and only up to a given size.</summary>
/// <remarks>A pipe could block for ever and a device has no end, so both are refused. Links are followed. Thread-safe.</remarks>
public static partial class RegularFile
{
    private const int CurrentDirectory = -100;
    private const uint TypeWanted = 1;
    private const int StatxSize = 256, ModeOffset = 28;
    private const int TypeMask = 0xF000, Regular = 0x8000;

    /// <exception cref="IOException">The file is missing, is not a regular file, or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream Open(string path, int bufferSize = 4096)
    {
        Check(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize);
    }

    /// <param name="path">The file.</param>
    /// <param name="largest">Bytes that it may have.</param>
    /// <inheritdoc cref="Open"/>
    public static byte[] ReadAllBytes(string path, int largest)
    {
        using var file = Open(path, bufferSize: 0);
        if (file.Length > largest)
        {
            throw TooLarge(path, largest);
        }

        // Files of /proc can have more bytes than their length says.
        using var content = new MemoryStream((int)file.Length);
        var chunk = new byte[1 << 16];
        for (int read; (read = file.Read(chunk)) > 0;)
        {
            if (content.Length + read > largest)
            {
                throw TooLarge(path, largest);
            }

            content.Write(chunk, 0, read);
        }

        return content.Length == content.Capacity ? content.GetBuffer() : content.ToArray();
    }

    /// <summary>UTF-8 text; a byte-order mark is passed over.</summary>
    /// <inheritdoc cref="ReadAllBytes"/>
    public static string ReadAllText(string path, int largest)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAllBytes(path, largest)), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <exception cref="IOException">The path is not that of a regular file.</exception>
    public static void Check(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new IOException($"'{Printable.Text(path)}' is not the name of a file.");
        }

        if (Directory.Exists(path) || (OperatingSystem.IsLinux() && IsSpecial(path)))
        {
            throw new IOException($"'{path}' is not a regular file.");
        }
    }

    /// <summary>Where a path leads when all links on the way are followed.</summary>
    /// <exception cref="IOException">It leads nowhere.</exception>
    public static string RealPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (OperatingSystem.IsWindows())
        {
            return Path.GetFullPath(path);
        }

        var real = realpath(path, 0);
        if (real == 0)
        {
            throw new IOException($"'{path}' leads to no file.");
        }

        try
        {
            return Marshal.PtrToStringUTF8(real)!;
        }
        finally
        {
            free(real);
        }
    }

    private static bool IsSpecial(string path)
    {
        Span<byte> answer = stackalloc byte[StatxSize];
        return statx(CurrentDirectory, path, 0, TypeWanted, answer) == 0
            && (BitConverter.ToUInt16(answer[ModeOffset..]) & TypeMask) != Regular;
    }

    private static IOException TooLarge(string path, int largest) => new($"'{path}' has more than the {largest} bytes that are allowed.");

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, Span<byte> answer);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint realpath(string path, nint resolved);

    [LibraryImport("libc")]
    private static partial void free(nint memory);
}
