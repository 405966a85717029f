using System.Buffers.Binary;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Vllm;

/// <summary>Numbers as bytes.</summary>
/// <param name="Type"><c>float32</c>, <c>float16</c> or <c>bfloat16</c>.</param>
/// <param name="IsBigEndian">Whether the highest byte comes first.</param>
internal sealed record PooledNumbers(string Type, bool IsBigEndian)
{
    /// <exception cref="ApiException">The request asks for another type or order.</exception>
    public static PooledNumbers Read(RequestObject request)
    {
        var type = request.Text("embed_dtype") ?? "float32";
        if (type is not ("float32" or "float16" or "bfloat16"))
        {
            throw ApiException.Invalid($"'embed_dtype' must be float32, float16 or bfloat16, but is '{type}'.", "embed_dtype",
                "invalid_value");
        }

        var order = request.Text("endianness") ?? "native";
        return order is "native" or "little" or "big" ? new(type, order is "big" || (order is "native" && !BitConverter.IsLittleEndian))
            : throw ApiException.Invalid($"'endianness' must be native, little or big, but is '{order}'.", "endianness", "invalid_value");
    }

    /// <summary>Row after row.</summary>
    public byte[] BytesOf(float[][] rows) => [.. rows.SelectMany(row => row).SelectMany(BytesOf)];

    private byte[] BytesOf(float number)
    {
        var bytes = Type switch
        {
            "float32" => new byte[4],
            _ => new byte[2],
        };
        switch (Type)
        {
            case "float32":
                BinaryPrimitives.WriteSingleLittleEndian(bytes, number);
                break;
            case "float16":
                BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)number);
                break;
            default:
                // Rounds to the nearest, and to the even of two that are equally near.
                var bits = BitConverter.SingleToUInt32Bits(number);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
                break;
        }

        if (IsBigEndian)
        {
            Array.Reverse(bytes);
        }

        return bytes;
    }
}
