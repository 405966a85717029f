using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Models.Weights;

/// <summary>Writes tensors in the safetensors format; the file appears whole or not at all.</summary>
public static class SafetensorsWriter
{
    /// <param name="path">The file to make or replace.</param>
    /// <param name="tensors">Names and tensors, on any device.</param>
    /// <param name="type">float32, bfloat16 or float16: every tensor is stored so.</param>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, ScalarType type)
    {
        var (typeName, size) = type switch
        {
            ScalarType.Float32 => ("F32", 4),
            ScalarType.BFloat16 => ("BF16", 2),
            ScalarType.Float16 => ("F16", 2),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "float32, bfloat16 or float16"),
        };
        var list = tensors.OrderBy(t => t.Key, StringComparer.Ordinal).ToArray();
        var part = path + ".part";
        using (var file = new FileStream(part, FileMode.Create, FileAccess.Write))
        {
            WriteHeader(file, list, typeName, size);
            using var guard = no_grad();
            foreach (var (_, tensor) in list)
            {
                using var scope = NewDisposeScope();
                file.Write(tensor.detach().to(type, CPU).contiguous().bytes);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(part, path, overwrite: true);
    }

    private static void WriteHeader(Stream file, KeyValuePair<string, Tensor>[] tensors, string typeName, int size)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            long offset = 0;
            foreach (var (name, tensor) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", typeName);
                json.WriteStartArray("shape");
                foreach (var dimension in tensor.shape)
                {
                    json.WriteNumberValue(dimension);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.NumberOfElements * size);
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
