using System.Buffers.Binary;
using System.Collections.Frozen;
using System.IO.MemoryMappedFiles;
using System.Text.Json;
using BestOfN.Models.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Models.Weights;

/// <summary>A memory-mapped safetensors file whose header has been checked against the file's length.</summary>
/// <remarks>
/// Format: https://huggingface.co/docs/safetensors. Tensors returned by <see cref="Map"/> lie in the mapping: they are valid until
/// <see cref="Dispose"/> and must not be written. Replace a model's files by renaming, never by writing into them.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private const long LargestHeader = 100_000_000;   // the format's own limit

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;

    private SafetensorsFile(string path, MemoryMappedFile file, MemoryMappedViewAccessor view, byte* data, FrozenDictionary<string, TensorEntry> tensors)
    {
        (Path, _file, _view, Tensors) = (path, file, view, tensors);
        _data = data;
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <exception cref="CheckpointException">The file is missing, truncated or malformed.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new CheckpointException($"{path}: the file does not exist.");
        }

        var entries = ReadHeader(path);
        MemoryMappedFile? file = null;
        try
        {
            file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* data = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
            return new SafetensorsFile(path, file, view, data + view.PointerOffset, entries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new CheckpointException($"{path}: cannot be mapped: {e.Message}", e);
        }
    }

    /// <summary>A view of a tensor in the mapping, in its stored type, on the CPU. The caller disposes it before the file.</summary>
    public Tensor Map(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return Aten.FromBlob((nint)(_data + entry.Offset), [.. entry.Shape], entry.Type);
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static FrozenDictionary<string, TensorEntry> ReadHeader(string path)
    {
        using var stream = File.OpenRead(path);
        var length = stream.Length;
        Span<byte> prefix = stackalloc byte[8];
        if (length < 8)
        {
            throw new CheckpointException($"{path}: expected at least 8 bytes, found {length}.");
        }

        stream.ReadExactly(prefix);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > LargestHeader || (long)headerLength > length - 8)
        {
            throw new CheckpointException($"{path}: the header claims {headerLength} bytes; the file has {length} and a header at most {LargestHeader}.");
        }

        var header = new byte[headerLength];
        stream.ReadExactly(header);
        var dataStart = 8 + (long)headerLength;
        try
        {
            using var document = JsonDocument.Parse(header);
            var tensors = new Dictionary<string, TensorEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name != "__metadata__" && !tensors.TryAdd(property.Name, ReadEntry(path, property, dataStart, length)))
                {
                    throw new CheckpointException($"{path}: tensor {property.Name} is declared twice.");
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
        var typeName = value.GetProperty("dtype").GetString();
        var type = typeName switch
        {
            "F32" => ScalarType.Float32,
            "BF16" => ScalarType.BFloat16,
            "F16" => ScalarType.Float16,
            "F64" => ScalarType.Float64,
            "I64" => ScalarType.Int64,
            "I32" => ScalarType.Int32,
            "I16" => ScalarType.Int16,
            "I8" => ScalarType.Int8,
            "U8" => ScalarType.Byte,
            "BOOL" => ScalarType.Bool,
            _ => throw new CheckpointException($"{path}: tensor {name}: expected dtype F32, BF16 or F16, found {typeName}."),
        };
        var shape = value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var offsets = value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
        {
            throw new CheckpointException($"{path}: tensor {name}: data_offsets: expected two numbers, found {offsets.GetArrayLength()}.");
        }

        var (begin, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        if (begin < 0 || end < begin || end > fileLength - dataStart)
        {
            throw new CheckpointException($"{path}: tensor {name}: bytes {begin}..{end} lie outside the {fileLength - dataStart} bytes of data.");
        }

        var expected = (Int128)ElementSize(type);
        foreach (var size in shape)
        {
            expected *= size;
            if (size < 0 || expected > long.MaxValue)
            {
                throw new CheckpointException($"{path}: tensor {name}: shape [{string.Join(", ", shape)}] is impossible.");
            }
        }

        if (expected != end - begin)
        {
            throw new CheckpointException($"{path}: tensor {name}: shape [{string.Join(", ", shape)}] in {typeName} needs {expected} bytes, found {end - begin}.");
        }

        return new TensorEntry(name, type, shape, dataStart + begin, end - begin);
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
                    $"{path}: tensor {tensor.Name}: expected to begin at byte {end - dataStart}, where the one before ends, found {tensor.Offset - dataStart}.");
            }

            end += tensor.Length;
        }

        if (end != fileLength)
        {
            throw new CheckpointException($"{path}: expected {end - dataStart} bytes of data, as the header says, found {fileLength - dataStart}.");
        }
    }

    private static int ElementSize(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Int16 => 2,
        _ => 1,
    };
}
