using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Kserve;

/// <summary>The body of an inference request: JSON, and behind it the bytes of the tensors that are not in it.</summary>
/// <remarks>All numbers are little-endian; a BYTES element is its length in four bytes, then its bytes.</remarks>
internal static class KserveBody
{
    public const string LengthHeader = "Inference-Header-Content-Length";

    /// <summary>Undoes a compression of the whole body.</summary>
    /// <exception cref="ApiException">It is broken, unknown, or larger than <paramref name="limit"/> bytes.</exception>
    public static ReadOnlyMemory<byte> Decompress(ReadOnlyMemory<byte> body, string encoding, long limit)
    {
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return body;
        }

        using var source = new MemoryStream(body.ToArray(), writable: false);
        using Stream reader = encoding.ToUpperInvariant() switch
        {
            "GZIP" => new GZipStream(source, CompressionMode.Decompress),
            "DEFLATE" => new ZLibStream(source, CompressionMode.Decompress),
            _ => throw ApiException.UnsupportedMediaType($"The content encoding '{encoding}' is not supported; gzip and deflate are."),
        };
        using var whole = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = reader.Read(buffer)) > 0)
            {
                whole.Write(buffer, 0, read);
                if (whole.Length > limit)
                {
                    throw ApiException.TooLarge(limit);
                }
            }
        }
        catch (InvalidDataException)
        {
            throw ApiException.Invalid($"The body is not what its content encoding '{encoding}' says.", code: "invalid_body");
        }

        return whole.ToArray();
    }

    /// <summary>Where the JSON ends.</summary>
    /// <exception cref="ApiException">The header is no length within the body.</exception>
    public static int JsonLength(IHeaderDictionary headers, int bodyLength)
    {
        var value = headers[LengthHeader].ToString();
        return value.Length == 0 ? bodyLength
            : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= bodyLength ? length
            : throw ApiException.Invalid($"The header {LengthHeader} is '{value}', and the body has {bodyLength} bytes.",
                code: "invalid_body");
    }

    /// <summary>Reads all input tensors.</summary>
    /// <param name="request">The JSON.</param>
    /// <param name="tail">The bytes behind it.</param>
    /// <exception cref="ApiException">A tensor is not as it says.</exception>
    public static IReadOnlyList<KserveTensor> Tensors(RequestObject request, ReadOnlySpan<byte> tail)
    {
        if (!request.TryGet("inputs", out var inputs) || inputs.ValueKind is not JsonValueKind.Array)
        {
            throw ApiException.Invalid("'inputs' must be a list of tensors.", "inputs");
        }

        var tensors = new List<KserveTensor>();
        foreach (var (index, element) in inputs.EnumerateArray().Index())
        {
            var input = element.ValueKind is JsonValueKind.Object ? new RequestObject(element, $"inputs[{index}]")
                : throw RequestObject.WrongType($"inputs[{index}]", "an object", element);
            tensors.Add(Tensor(input, ref tail));
        }

        return tail.Length == 0 ? tensors
            : throw ApiException.Invalid($"{tail.Length} bytes of the body belong to no tensor.", "inputs", "invalid_body");
    }

    private static KserveTensor Tensor(RequestObject input, ref ReadOnlySpan<byte> tail)
    {
        var name = input.RequiredText("name");
        var type = input.RequiredText("datatype");
        if (!input.TryGet("shape", out var sizes) || sizes.ValueKind is not JsonValueKind.Array)
        {
            throw ApiException.Invalid($"'{input.PathOf("shape")}' must be a list of sizes.", input.PathOf("shape"));
        }

        int[] shape = [.. sizes.EnumerateArray().Select(size => RequestObject.Integer(size, input.PathOf("shape"), 0, 1 << 28))];
        var count = shape.Aggregate(1L, (product, size) => Math.Min(product * size, 1L << 32));
        if (type is not ("BYTES" or "INT64" or "INT32"))
        {
            throw ApiException.Invalid($"'{input.PathOf("datatype")}' must be BYTES, INT64 or INT32, but is '{type}'.",
                input.PathOf("datatype"), "invalid_value");
        }

        var parameters = input.Child("parameters");
        if (parameters is { } given && (given.Has("shared_memory_region") || given.Has("shared_memory_offset")
            || given.Has("shared_memory_byte_size")))
        {
            throw ApiException.Invalid("Tensors in shared memory are not supported.", input.PathOf("parameters"), "unsupported_parameter");
        }

        if (parameters?.Integer("binary_data_size", 0, int.MaxValue) is { } length)
        {
            if (length > tail.Length)
            {
                throw ApiException.Invalid($"'{input.PathOf("parameters")}' tells of {length} bytes; {tail.Length} are there.",
                    input.PathOf("parameters"), "invalid_body");
            }

            var bytes = tail[..length];
            tail = tail[length..];
            return type is "BYTES" ? new(name, shape, Split(bytes, count, input), null)
                : new(name, shape, null, Numbers(bytes, count, type, input));
        }

        return FromJson(input, name, shape, count, type);
    }

    private static KserveTensor FromJson(RequestObject input, string name, int[] shape, long count, string type)
    {
        if (!input.TryGet("data", out var data) || data.ValueKind is not JsonValueKind.Array)
        {
            throw ApiException.Invalid($"'{input.PathOf("data")}' must be a list.", input.PathOf("data"));
        }

        List<JsonElement> flat = [];
        Flatten(data, flat);
        if (flat.Count != count)
        {
            throw WrongCount(input, flat.Count, count);
        }

        return type is "BYTES"
            ? new(name, shape, [.. flat.Select(each =>
                each.ValueKind is JsonValueKind.String ? each.GetString()!
                    : throw RequestObject.WrongItem(input.PathOf("data"), "a list of texts", each))], null)
            : new(name, shape, null, [.. flat.Select(each =>
                each.ValueKind is JsonValueKind.Number && each.TryGetInt64(out var number) ? number
                : throw RequestObject.WrongItem(input.PathOf("data"), "a list of whole numbers", each))]);
    }

    private static void Flatten(JsonElement data, List<JsonElement> flat)
    {
        foreach (var item in data.EnumerateArray())
        {
            if (item.ValueKind is JsonValueKind.Array)
            {
                Flatten(item, flat);
            }
            else
            {
                flat.Add(item);
            }
        }
    }

    private static List<string> Split(ReadOnlySpan<byte> bytes, long count, RequestObject input)
    {
        List<string> texts = [];
        while (bytes.Length >= sizeof(uint) && texts.Count < count)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            bytes = bytes[sizeof(uint)..];
            if (length > bytes.Length)
            {
                throw ApiException.Invalid(
                    $"'{input.PathOf("parameters")}': an element tells of {length} bytes; {bytes.Length} are there.",
                        input.PathOf("parameters"), "invalid_body");
            }

            texts.Add(Encoding.UTF8.GetString(bytes[..(int)length]));
            bytes = bytes[(int)length..];
        }

        return texts.Count == count && bytes.Length == 0 ? texts : throw WrongCount(input, texts.Count, count);
    }

    private static long[] Numbers(ReadOnlySpan<byte> bytes, long count, string type, RequestObject input)
    {
        var size = type is "INT64" ? sizeof(long) : sizeof(int);
        if (bytes.Length != count * size)
        {
            throw WrongCount(input, bytes.Length / size, count);
        }

        var numbers = new long[count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = type is "INT64" ? BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * size)..])
                : BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * size)..]);
        }

        return numbers;
    }

    private static ApiException WrongCount(RequestObject input, long found, long expected) =>
        ApiException.Invalid($"'{input.PathOf("shape")}' tells of {expected} elements; {found} are there.", input.PathOf("shape"),
            "invalid_value");
}
