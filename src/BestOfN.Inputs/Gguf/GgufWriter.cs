using System.Text;

namespace BestOfN.Inputs.Gguf;

/// <summary>Writes GGUF files, version 3; a file appears whole or not at all.</summary>
internal static class GgufWriter
{
    /// <summary>The format's own default, in bytes.</summary>
    public const int Alignment = 32;

    /// <param name="path">The file to make.</param>
    /// <param name="fields">
    /// Values by key: <see cref="string"/>, <see cref="bool"/>, <see cref="uint"/>, <see cref="float"/>, and arrays of strings,
    /// <see cref="int"/> and <see cref="float"/>.
    /// </param>
    /// <param name="tensors">What the file will hold, in this order.</param>
    /// <param name="write">Writes a tensor's bytes, exactly <see cref="GgufTensor.Length"/>.</param>
    /// <exception cref="IOException">The file exists already, or cannot be written.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, object>> fields, IReadOnlyList<GgufTensor> tensors, Action<GgufTensor, Stream> write)
    {
        var part = path + ".part";
        try
        {
            using (var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                WriteHead(file, [.. fields], tensors);
                foreach (var tensor in tensors)
                {
                    Pad(file);
                    var start = file.Position;
                    write(tensor, file);
                    if (file.Position - start != tensor.Length)
                    {
                        throw new ArgumentException(
                            $"{tensor.Name}: expected {tensor.Length} bytes, found {file.Position - start}", nameof(write));
                    }
                }

                Pad(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: false);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    private static void WriteHead(Stream file, KeyValuePair<string, object>[] fields, IReadOnlyList<GgufTensor> tensors)
    {
        using var writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)fields.Length);
        foreach (var (key, value) in fields)
        {
            WriteText(writer, key);
            WriteValue(writer, key, value);
        }

        long offset = 0;
        foreach (var tensor in tensors)
        {
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Count);
            foreach (var size in tensor.Shape.Reverse())
            {
                writer.Write((ulong)size);
            }

            writer.Write((uint)tensor.Type);
            writer.Write((ulong)offset);
            offset += (tensor.Length!.Value + Alignment - 1) / Alignment * Alignment;
        }
    }

    private static void WriteValue(BinaryWriter writer, string key, object value)
    {
        switch (value)
        {
            case uint number:
                writer.Write(4u);
                writer.Write(number);
                break;
            case float number:
                writer.Write(6u);
                writer.Write(number);
                break;
            case bool flag:
                writer.Write(7u);
                writer.Write((byte)(flag ? 1 : 0));
                break;
            case string text:
                writer.Write(8u);
                WriteText(writer, text);
                break;
            case IReadOnlyList<string> list:
                WriteList(writer, 8, list, text => WriteText(writer, text));
                break;
            case int[] list:
                WriteList(writer, 5, list, writer.Write);
                break;
            case float[] list:
                WriteList(writer, 6, list, writer.Write);
                break;
            default:
                throw new ArgumentException($"{key}: {value.GetType()} is not written", nameof(value));
        }
    }

    private static void WriteList<T>(BinaryWriter writer, uint type, IReadOnlyCollection<T> list, Action<T> write)
    {
        writer.Write(9u);
        writer.Write(type);
        writer.Write((ulong)list.Count);
        foreach (var item in list)
        {
            write(item);
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(Stream file)
    {
        while (file.Position % Alignment != 0)
        {
            file.WriteByte(0);
        }
    }
}
