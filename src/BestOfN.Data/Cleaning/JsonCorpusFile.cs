using System.Text;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>A file of records, read in one pass as the bytes that stand in it: a JSON array or JSON lines.</summary>
/// <remarks>The pieces with what stands between them, the prefix and the suffix are the whole file, byte by byte.</remarks>
internal sealed class JsonCorpusFile : ICorpusFile
{
    private const int ChunkBytes = 1 << 16;
    private const int LargestRecord = 1 << 28;

    private readonly string _path;
    private int _read;

    public JsonCorpusFile(string path)
    {
        _path = path;
        using var file = RegularFile.Open(path);
        Span<byte> start = stackalloc byte[256];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        start = start.StartsWith(Encoding.UTF8.Preamble) ? start[Encoding.UTF8.Preamble.Length..] : start;
        IsArray = start.TrimStart(" \t\r\n"u8).StartsWith("["u8);
    }

    /// <summary>Whether it is a JSON array; else JSON lines.</summary>
    public bool IsArray { get; }

    /// <summary>What stands before the first record; known once it was read.</summary>
    public byte[] Prefix { get; private set; } = [];

    /// <summary>What stands behind the last record; known once all were read.</summary>
    public byte[] Suffix { get; private set; } = [];

    /// <summary>All records in order.</summary>
    /// <exception cref="InvalidDataException">The file ends within a record, or is no array. The message names the file.</exception>
    public IEnumerable<CorpusPiece> Read()
    {
        _read = 0;
        return IsArray ? ReadArray() : ReadLines();
    }

    public IRecordWriter Write(Stream output) => new JsonRecordWriter(this, output);

    private IEnumerable<CorpusPiece> ReadLines()
    {
        var (before, line) = (new MemoryStream(), new MemoryStream());
        foreach (var part in Chunks())
        {
            var rest = part;
            while (!rest.IsEmpty)
            {
                var end = rest.Span.IndexOf((byte)'\n');
                var piece = end < 0 ? rest : rest[..(end + 1)];
                rest = rest[piece.Length..];
                Write(line, piece.Span);
                if (end >= 0 && Whole(before, line) is { } whole)
                {
                    yield return whole;
                    before.SetLength(0);
                    line.SetLength(0);
                }
            }
        }

        if (Whole(before, line) is { } last)
        {
            yield return last;
            before.SetLength(0);
        }

        Suffix = before.ToArray();
    }

    // A blank line goes with the record that follows.
    private CorpusPiece? Whole(MemoryStream before, MemoryStream line)
    {
        if (Written(line).Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            line.WriteTo(before);
            line.SetLength(0);
            return null;
        }

        return new(_read++, Written(before), Written(line));
    }

    private IEnumerable<CorpusPiece> ReadArray()
    {
        var (between, record) = (new MemoryStream(), new MemoryStream());
        var (isFirst, isClosed) = (true, false);
        var (depth, isText, isEscaped) = (0, false, false);     // within a record; depth 0 and no text: a bare number or word
        var isWithin = false;
        var opened = false;
        foreach (var part in Chunks())
        {
            for (var i = 0; i < part.Length; i++)
            {
                var c = part.Span[i];
                if (!isWithin)
                {
                    var isRecord = opened && !isClosed && c is not ((byte)',' or (byte)']') && !IsBlank(c);
                    if (!isRecord)
                    {
                        opened |= c == (byte)'[';
                        isClosed |= opened && c == (byte)']';
                        between.WriteByte(c);
                        continue;
                    }

                    isWithin = true;
                }
                else if (depth == 0 && !isText && (c is (byte)',' or (byte)']' || IsBlank(c)))
                {
                    yield return Take();
                    isClosed |= c == (byte)']';
                    between.WriteByte(c);
                    continue;
                }

                if (record.Length >= LargestRecord)
                {
                    throw new InvalidDataException($"{_path}: a record has more than {LargestRecord >> 20} MiB");
                }

                record.WriteByte(c);
                if (isText)
                {
                    (isText, isEscaped) = (isEscaped || c != (byte)'"', !isEscaped && c == (byte)'\\');
                }
                else
                {
                    isText = c == (byte)'"';
                    depth += c is (byte)'{' or (byte)'[' ? 1 : c is (byte)'}' or (byte)']' ? -1 : 0;
                }

                if (depth <= 0 && !isText && (c is (byte)'"' or (byte)'}' or (byte)']'))
                {
                    yield return Take();
                }
            }
        }

        if (isWithin || !isClosed)
        {
            throw new InvalidDataException($"{_path}: the file ends within the array");
        }

        if (isFirst)
        {
            var whole = between.ToArray();
            var end = whole.AsSpan().IndexOf((byte)']');
            (Prefix, Suffix) = (whole[..end], whole[end..]);
        }
        else
        {
            Suffix = between.ToArray();
        }

        CorpusPiece Take()
        {
            if (isFirst)
            {
                (Prefix, isFirst) = (between.ToArray(), false);
                between.SetLength(0);
            }

            // Copies: the caller looks at them while the streams fill again.
            var piece = new CorpusPiece(_read++, between.ToArray(), record.ToArray());
            between.SetLength(0);
            record.SetLength(0);
            (isWithin, depth) = (false, 0);
            return piece;
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Chunks()
    {
        using var file = RegularFile.Open(_path, bufferSize: 0);
        var chunk = new byte[ChunkBytes];
        var isFirst = !IsArray;
        for (int length; (length = file.ReadAtLeast(chunk, chunk.Length, throwOnEndOfStream: false)) > 0;)
        {
            var part = chunk.AsMemory(0, length);
            if (isFirst && part.Span.StartsWith(Encoding.UTF8.Preamble))
            {
                Prefix = Encoding.UTF8.Preamble.ToArray();
                part = part[Prefix.Length..];
            }

            isFirst = false;
            yield return part;
        }
    }

    private void Write(MemoryStream line, ReadOnlySpan<byte> piece)
    {
        if (line.Length + piece.Length > LargestRecord)
        {
            throw new InvalidDataException($"{_path}: a record has more than {LargestRecord >> 20} MiB");
        }

        line.Write(piece);
    }

    private static bool IsBlank(byte c) => c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    private static ReadOnlyMemory<byte> Written(MemoryStream stream) => stream.GetBuffer().AsMemory(0, (int)stream.Length);
}
