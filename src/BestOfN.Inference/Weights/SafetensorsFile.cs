using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text.Json;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Files;
using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>A memory-mapped safetensors file whose header has been checked against the file's length.</summary>
/// <remarks>
/// Format: https://huggingface.co/docs/safetensors. Tensors returned by <see cref="Map"/> lie in the mapping: they are valid until
/// <see cref="Dispose"/> and must not be written. Replace a model's files by renaming, never by writing into them.
/// </remarks>
public sealed class SafetensorsFile : IWeightFile
{
    private const long LargestHeader = 100_000_000;   // the format's own limit

    private readonly MappedFile _file;

    private SafetensorsFile(MappedFile file, FrozenDictionary<string, TensorEntry> tensors) => (_file, Tensors) = (file, tensors);

    public string Path => _file.Path;

    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <exception cref="CheckpointException">The file is missing, truncated or malformed.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(path, smallest: 8);
        try
        {
            return new SafetensorsFile(file, ReadHeader(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public Tensor Map(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.UnreadType is not null)
        {
            throw new CheckpointException($"{Path}: tensor {entry.Name}: {entry.UnreadType} is not read.");
        }

        return Aten.FromBlob(_file.Address(entry.Offset, entry.Length), [.. entry.Shape], entry.Type);
    }

    public void Dispose() => _file.Dispose();

    private static FrozenDictionary<string, TensorEntry> ReadHeader(MappedFile file)
    {
        var (path, length) = (file.Path, file.Length);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, 8));
        if (headerLength > LargestHeader || (long)headerLength > length - 8)
        {
            throw new CheckpointException(
                $"{path}: the header claims {headerLength} bytes; the file has {length} and a header at most {LargestHeader}.");
        }

        var header = file.Read(8, (int)headerLength).ToArray();
        var dataStart = 8 + (long)headerLength;
        try
        {
            using var document = JsonDocument.Parse(header);
            var tensors = new Dictionary<string, TensorEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name != "__metadata__" && !tensors.TryAdd(property.Name, ReadEntry(path, property, dataStart, length)))
                {
                    throw new CheckpointException($"{path}: tensor {Printable.Text(property.Name)} is declared twice.");
                }
            }

            CheckNoOverlap(path, tensors.Values, dataStart, length);
            return tensors.ToFrozenDictionary();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new CheckpointException($"{path}: the header is not a safetensors header: {e.Message}", e);
        }
    }

    private static TensorEntry ReadEntry(string path, JsonProperty property, long dataStart, long fileLength)
    {
        var (name, value) = (property.Name, property.Value);
        var shown = Printable.Text(name);
        var typeName = value.GetProperty("dtype").GetString();
        var type = ElementTypes.Parse(typeName);
        var shape = value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var offsets = value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
        {
            throw new CheckpointException($"{path}: tensor {shown}: data_offsets: expected two numbers, found {offsets.GetArrayLength()}.");
        }

        var (begin, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        if (begin < 0 || end < begin || end > fileLength - dataStart)
        {
            throw new CheckpointException(
                $"{path}: tensor {shown}: bytes {begin}..{end} lie outside the {fileLength - dataStart} bytes of data.");
        }

        var expected = (Int128)(type is { } read ? ElementTypes.SizeOf(read) : 1);
        foreach (var size in shape)
        {
            expected *= size;
            if (size < 0 || expected > long.MaxValue)
            {
                throw new CheckpointException($"{path}: tensor {shown}: shape [{string.Join(", ", shape)}] is impossible.");
            }
        }

        if (type is null)
        {
            // The size of its elements is unknown; that is an error where a network asks for it.
            return new TensorEntry(name, ScalarType.Byte, shape, dataStart + begin, end - begin) { UnreadType = typeName ?? "none" };
        }

        if (expected != end - begin)
        {
            throw new CheckpointException(
                $"{path}: tensor {shown}: shape [{string.Join(", ", shape)}] in {typeName} needs {expected} bytes, found {end - begin}.");
        }

        return new TensorEntry(name, type.Value, shape, dataStart + begin, end - begin);
    }

    /// <summary>The format lets tensors neither overlap nor leave bytes to nobody.</summary>
    private static void CheckNoOverlap(string path, IEnumerable<TensorEntry> tensors, long dataStart, long fileLength)
    {
        var end = dataStart;
        foreach (var tensor in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Length))
        {
            if (tensor.Offset != end)
            {
                throw new CheckpointException(
                    $"{path}: tensor {Printable.Text(tensor.Name)}: expected to begin at byte {end - dataStart}, where the one before "
                        + $"ends, found {tensor.Offset - dataStart}.");
            }

            end += tensor.Length;
        }

        if (end != fileLength)
        {
            throw new CheckpointException(
                $"{path}: expected {end - dataStart} bytes of data, as the header says, found {fileLength - dataStart}.");
        }
    }
}
