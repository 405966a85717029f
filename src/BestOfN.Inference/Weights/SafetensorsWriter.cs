using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using BestOfN.Inputs.Files;
using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>Writes tensors in the safetensors format; the file appears whole or not at all.</summary>
public static class SafetensorsWriter
{
    private const long ElementsPerPiece = 1 << 22;

    /// <param name="path">The file to make or replace.</param>
    /// <param name="tensors">Names and tensors, on any device.</param>
    /// <param name="type">float32, bfloat16 or float16: every tensor is stored so.</param>
    /// <param name="metadata">What the file says beside its tensors.</param>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, ScalarType type,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        if (type is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "float32, bfloat16 or float16");
        }

        var byName = tensors.ToDictionary();
        Write(path, [.. byName.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => new SafetensorsItem(t.Key, type, t.Value.shape))],
            item => byName[item.Name].alias(), metadata: metadata);
    }

    /// <summary>Writes tensors one after the other; of each, a small piece at a time is copied.</summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="items">What the file will hold, in this order.</param>
    /// <param name="read">Gives a tensor of the item's shape, of any type, on any device; it is disposed when it is written.</param>
    /// <param name="source">Where the tensors come from, for messages; null: <paramref name="path"/>.</param>
    /// <param name="progress">Receives the bytes written.</param>
    /// <param name="metadata">What the file says beside its tensors.</param>
    /// <param name="cancellationToken">Ends the writing; nothing stays.</param>
    /// <returns>How many numbers that are not 0 became 0, because they are too small for the item's type.</returns>
    /// <exception cref="CheckpointException">A finite number would become infinite in the item's type.</exception>
    internal static long Write(
        string path,
        IReadOnlyList<SafetensorsItem> items,
        Func<SafetensorsItem, Tensor> read,
        string? source = null,
        IProgress<long>? progress = null,
        IReadOnlyDictionary<string, string>? metadata = null,
        CancellationToken cancellationToken = default)
    {
        long vanished = 0;
        using var file = new WholeFile(path);
        WriteHeader(file.Stream, items, metadata);
        using (no_grad())
        {
            foreach (var item in items)
            {
                using var tensor = read(item);
                vanished += WriteTensor(file.Stream, tensor, item, source ?? path, progress, cancellationToken);
            }
        }

        file.Finish();
        return vanished;
    }

    private static long WriteTensor(
        Stream file, Tensor tensor, SafetensorsItem item, string source, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (!tensor.shape.SequenceEqual(item.Shape))
        {
            throw new ArgumentException(
                $"{item.Name}: expected shape [{string.Join(", ", item.Shape)}], found [{string.Join(", ", tensor.shape)}]");
        }

        using var scope = NewDisposeScope();
        var flat = tensor.detach().contiguous().view(-1);
        var elements = flat.NumberOfElements;
        long vanished = 0;
        for (long start = 0; start < elements; start += ElementsPerPiece)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var piece = NewDisposeScope();
            var stored = flat.narrow(0, start, Math.Min(ElementsPerPiece, elements - start));
            var written = stored.to(item.Type, CPU).contiguous();
            if (stored.dtype != item.Type && ElementTypes.IsFloatingPoint(item.Type) && ElementTypes.IsFloatingPoint(stored.dtype))
            {
                var before = stored.to(CPU);
                if (written.isinf().logical_and(before.isfinite()).any().item<bool>())
                {
                    throw new CheckpointException(
                        $"{source}: tensor {item.Name}: it has a number that is too large for {item.Type.ToString().ToLowerInvariant()}.");
                }

                vanished += before.count_nonzero().item<long>() - written.count_nonzero().item<long>();
            }

            var bytes = written.bytes;
            file.Write(bytes);
            progress?.Report(bytes.Length);
        }

        return vanished;
    }

    private static void WriteHeader(
        Stream file, IReadOnlyList<SafetensorsItem> items, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            foreach (var (name, value) in metadata ?? System.Collections.ObjectModel.ReadOnlyDictionary<string, string>.Empty)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            long offset = 0;
            foreach (var item in items)
            {
                json.WriteStartObject(item.Name);
                json.WriteString("dtype", ElementTypes.NameOf(item.Type));
                json.WriteStartArray("shape");
                foreach (var dimension in item.Shape)
                {
                    json.WriteNumberValue(dimension);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += item.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        buffer.Write(Encoding.ASCII.GetBytes(new string(' ', (int)((8 - (buffer.Length % 8)) % 8))));   // data start aligned
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)buffer.Length);
        file.Write(length);
        buffer.WriteTo(file);
    }
}
