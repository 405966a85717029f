using System.Text;
using BestOfN.Inputs.Files;

namespace BestOfN.Inputs.Records;

/// <summary>Reads a file of JSON lines. Invalid UTF-8 is not repaired, lines may end as in
/// Windows, a byte-order mark is skipped.</summary>
public static class JsonLines
{
    /// <summary>The longest line that is read, in bytes; it may contain encoded images.</summary>
    public const int MaxBytes = 256 << 20;

    private const int ChunkBytes = 1 << 16;

    /// <summary>All lines that are not blank, one at a time.</summary>
    /// <exception cref="InvalidDataException">The file is UTF-16.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<JsonLine> Read(string path)
    {
        using var file = RegularFile.Open(path, bufferSize: 0);
        foreach (var line in Read(file))
        {
            yield return line;
        }
    }

    /// <inheritdoc cref="Read(string)"/>
    /// <param name="file">Read from its current position, which must be the beginning of the file.</param>
    /// <param name="longest">Bytes of the longest line that is read.</param>
    public static IEnumerable<JsonLine> Read(Stream file, int longest = MaxBytes)
    {
        ArgumentNullException.ThrowIfNull(file);
        var chunk = new byte[ChunkBytes];
        var line = new MemoryStream();
        var (number, isTooLong) = (1, false);
        int read;
        for (var isFirst = true; (read = file.ReadAtLeast(chunk, chunk.Length, throwOnEndOfStream: false)) > 0; isFirst = false)
        {
            var start = isFirst ? ByteOrderMark(chunk.AsSpan(0, read)) : 0;
            while (start < read)
            {
                var length = chunk.AsSpan(start, read - start).IndexOf((byte)'\n');
                var part = chunk.AsMemory(start, length < 0 ? read - start : length);
                isTooLong |= line.Length + part.Length > longest;
                if (!isTooLong)
                {
                    line.Write(part.Span);
                }

                start += part.Length + 1;
                if (length >= 0)
                {
                    if (Line(number, line, isTooLong, isCutOff: false) is { } whole)
                    {
                        yield return whole;
                    }

                    (number, isTooLong) = (number + 1, false);
                    line.SetLength(0);
                }
            }
        }

        if (Line(number, line, isTooLong, isCutOff: true) is { } last)
        {
            yield return last;
        }
    }

    private static JsonLine? Line(int number, MemoryStream line, bool isTooLong, bool isCutOff)
    {
        if (isTooLong)
        {
            return new JsonLine(number, null, isCutOff);
        }

        var text = line.GetBuffer().AsSpan(0, (int)line.Length);
        text = text.EndsWith("\r"u8) ? text[..^1] : text;
        return text.Trim(" \t\r"u8).IsEmpty ? null : new JsonLine(number, text.ToArray(), isCutOff);
    }

    private static int ByteOrderMark(ReadOnlySpan<byte> start) =>
        start.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length
        : start.StartsWith(Encoding.Unicode.Preamble) || start.StartsWith(Encoding.BigEndianUnicode.Preamble)
            ? throw new InvalidDataException("the file is UTF-16; expected UTF-8")
        : 0;
}
