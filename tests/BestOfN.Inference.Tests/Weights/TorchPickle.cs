using System.Buffers.Binary;
using System.Text;

namespace BestOfN.Inference.Tests.Weights;

/// <summary>Pickles of dictionaries of tensors, spelled opcode by opcode.</summary>
internal static class TorchPickle
{
    public static byte[] Of(params byte[][] items) => [0x80, 2, (byte)'}', (byte)'(', .. Join(items), (byte)'u', (byte)'.'];

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    public static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)'X', .. Little(bytes.Length), .. bytes];
    }

    /// <summary>As LONG1, the form of whatever does not fit 32 bits.</summary>
    public static byte[] Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return [0x8a, 8, .. bytes];
    }

    public static byte[] Global(string module, string name) => [(byte)'c', .. Encoding.UTF8.GetBytes($"{module}\n{name}\n")];

    public static byte[] Tuple(params byte[][] parts) => [(byte)'(', .. Join(parts), (byte)'t'];

    public static byte[] Call(byte[] function, byte[] arguments) => [.. function, .. arguments, (byte)'R'];

    public static byte[] NoHooks => Call(Global("collections", "OrderedDict"), [(byte)')']);

    public static byte[] Storage(string key, long count, string type = "FloatStorage", string module = "torch") =>
        [.. Tuple(Text("storage"), Global(module, type), Text(key), Text("cpu"), Number(count)), (byte)'Q'];

    public static byte[] Tensor(byte[] storage, long offset, long[] shape, long[] strides) => Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        Tuple(storage, Number(offset), Tuple([.. shape.Select(Number)]), Tuple([.. strides.Select(Number)]), [0x89], NoHooks));

    public static byte[] Little(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
