using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;
using BestOfN.Inputs.Files;

namespace BestOfN.Inputs.Gguf;

/// <summary>What the head of a GGUF file says, checked against the file's length.</summary>
/// <remarks>
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Long lists, such as vocabularies, are not kept: they are left to
/// the engine that reads them.
/// </remarks>
internal sealed class GgufFile
{
    private const int MostTensors = 1 << 20;
    private const int MostFields = 1 << 16;
    private const int LongestText = 16 << 20;
    private const int LongestKeptArray = 4096;
    private const int MostDimensions = 8;

    private GgufFile(string path, FrozenDictionary<string, object> fields, IReadOnlyList<GgufTensor> tensors, long length) =>
        (Path, Fields, Tensors, Length) = (path, fields, tensors, length);

    public string Path { get; }

    /// <summary>
    /// Values by key: <see cref="string"/>, <see cref="bool"/>, <see cref="long"/> for whole numbers, <see cref="double"/> for others,
    /// and lists of these.
    /// </summary>
    public IReadOnlyDictionary<string, object> Fields { get; }

    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    public string Architecture => Text("general.architecture") ?? "";

    /// <exception cref="InvalidDataException">The file is none, or shorter than its head says; the message names it.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static GgufFile Open(string path)
    {
        using var stream = RegularFile.Open(path, bufferSize: 1 << 16);
        try
        {
            return Read(path, stream);
        }
        catch (Exception e) when (e is EndOfStreamException or OverflowException)
        {
            throw new InvalidDataException($"{path}: the file is cut off or broken: its head ends at byte {stream.Length}.", e);
        }
    }

    public string? Text(string key) => Fields.GetValueOrDefault(key) as string;

    public long? Number(string key) => Fields.GetValueOrDefault(key) as long?;

    public bool? Flag(string key) => Fields.GetValueOrDefault(key) as bool?;

    /// <summary>Whole numbers of a list; empty where there is none.</summary>
    public IReadOnlyList<long> Numbers(string key) =>
        Fields.GetValueOrDefault(key) is IReadOnlyList<object> list ? [.. list.OfType<long>()] : [];

    private static GgufFile Read(string path, FileStream stream)
    {
        var start = new byte[4];
        if (stream.ReadAtLeast(start, 4, throwOnEndOfStream: false) < 4 || !start.AsSpan().SequenceEqual("GGUF"u8))
        {
            throw new InvalidDataException(IsPointer(stream) ? GitLfsPointer.Message(path)
                : $"{path}: expected a GGUF file, which begins with the letters GGUF, found another.");
        }

        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        var version = reader.ReadUInt32();
        if (version is < 2 or > 3)
        {
            var hint = BinaryPrimitives.ReverseEndianness(version) is 2 or 3 ? ", of a machine with the other order of bytes" : "";
            throw new InvalidDataException($"{path}: expected GGUF of version 2 or 3, found {version}{hint}.");
        }

        var (tensors, count) = (reader.ReadUInt64(), reader.ReadUInt64());
        if (tensors > MostTensors || count > MostFields)
        {
            throw new InvalidDataException($"{path}: the head claims {tensors} tensors and {count} fields, which is impossible.");
        }

        var fields = new Dictionary<string, object>();
        for (ulong i = 0; i < count; i++)
        {
            var key = ReadText(path, reader);
            fields[key] = ReadValue(path, key, reader, reader.ReadUInt32());
        }

        var found = new List<(GgufTensor Tensor, long Offset)>();
        for (ulong i = 0; i < tensors; i++)
        {
            found.Add(ReadTensor(path, reader));
        }

        CheckLength(path, found, stream, fields.GetValueOrDefault("general.alignment") as long? ?? GgufWriter.Alignment);
        return new GgufFile(path, fields.ToFrozenDictionary(), [.. found.Select(f => f.Tensor)], stream.Length);
    }

    private static (GgufTensor Tensor, long Offset) ReadTensor(string path, BinaryReader reader)
    {
        var name = ReadText(path, reader);
        var dimensions = reader.ReadUInt32();
        if (dimensions > MostDimensions)
        {
            throw new InvalidDataException($"{path}: tensor {Printable.Text(name)}: {dimensions} dimensions are impossible.");
        }

        var shape = new long[dimensions];
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            shape[i] = checked((long)reader.ReadUInt64());      // stored innermost first
        }

        return (new GgufTensor(name, (GgufType)reader.ReadUInt32(), shape), checked((long)reader.ReadUInt64()));
    }

    private static void CheckLength(string path, List<(GgufTensor Tensor, long Offset)> tensors, FileStream stream, long alignment)
    {
        if (alignment is < 1 or > 1 << 20)
        {
            throw new InvalidDataException($"{path}: general.alignment: {alignment} is impossible.");
        }

        var data = (stream.Position + alignment - 1) / alignment * alignment;
        foreach (var (tensor, offset) in tensors)
        {
            var end = checked(data + offset + (tensor.Length ?? 1));
            if (end > stream.Length)
            {
                throw new InvalidDataException(
                    $"{path}: the file is cut off: tensor {Printable.Text(tensor.Name)} ends at byte {end}, the file at {stream.Length}.");
            }
        }
    }

    private static string ReadText(string path, BinaryReader reader) =>
        Encoding.UTF8.GetString(reader.ReadBytes(TextLength(path, reader)));

    private static int TextLength(string path, BinaryReader reader)
    {
        var length = reader.ReadUInt64();
        return length > LongestText ? throw new InvalidDataException($"{path}: a text of {length} bytes in the head is impossible.")
            : (long)length > reader.BaseStream.Length - reader.BaseStream.Position ? throw new EndOfStreamException()
            : (int)length;
    }

    private static object ReadValue(string path, string key, BinaryReader reader, uint type) => type switch
    {
        0 => (long)reader.ReadByte(),
        1 => (long)reader.ReadSByte(),
        2 => (long)reader.ReadUInt16(),
        3 => (long)reader.ReadInt16(),
        4 => (long)reader.ReadUInt32(),
        5 => (long)reader.ReadInt32(),
        6 => (double)reader.ReadSingle(),
        7 => reader.ReadByte() != 0,
        8 => ReadText(path, reader),
        9 => ReadArray(path, key, reader),
        10 => unchecked((long)reader.ReadUInt64()),
        11 => reader.ReadInt64(),
        12 => reader.ReadDouble(),
        _ => throw new InvalidDataException($"{path}: {Printable.Text(key)}: values of type {type} are not known."),
    };

    private static object ReadArray(string path, string key, BinaryReader reader)
    {
        var (type, count) = (reader.ReadUInt32(), reader.ReadUInt64());
        if (type == 9)
        {
            throw new InvalidDataException($"{path}: {Printable.Text(key)}: lists of lists are not known.");
        }

        // An element takes a byte at least, so a count beyond the file is noticed at its end.
        var kept = new List<object>();
        for (ulong i = 0; i < count; i++)
        {
            if (count > LongestKeptArray && type == 8)
            {
                reader.BaseStream.Seek(TextLength(path, reader), SeekOrigin.Current);
                continue;
            }

            var value = ReadValue(path, key, reader, type);
            if (count <= LongestKeptArray)
            {
                kept.Add(value);
            }
        }

        return kept;
    }

    private static bool IsPointer(FileStream stream)
    {
        stream.Position = 0;
        var start = new byte[Math.Min(stream.Length, GitLfsPointer.LongestPointer)];
        stream.ReadExactly(start);
        return GitLfsPointer.Is(start);
    }
}
