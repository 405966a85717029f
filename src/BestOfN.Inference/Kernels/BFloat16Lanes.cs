using System.Runtime.Intrinsics;

namespace BestOfN.Inference.Kernels;

/// <summary>
/// The upper half of a float32; rounded to nearest, ties to even. What came from bfloat16 as NaN, or has become NaN here, stays NaN.
/// </summary>
internal readonly unsafe struct BFloat16Lanes : ILanes<ushort>
{
    private const uint UpperHalf = 0xffff0000;

    public static (Vector512<float> First, Vector512<float> Second) Load(ushort* from)
    {
        var (first, second) = Vector512.Widen(Vector512.Load(from));
        return ((first << 16).AsSingle(), (second << 16).AsSingle());
    }

    public static void Store(ushort* to, Vector512<float> first, Vector512<float> second) =>
        Vector512.Narrow(Rounded(first) >> 16, Rounded(second) >> 16).Store(to);

    // Numbers at even places, then those at odd ones.
    public static (Vector512<float> First, Vector512<float> Second) Split(ushort* from)
    {
        var both = Vector512.Load((uint*)from);
        return ((both << 16).AsSingle(), (both & Vector512.Create(UpperHalf)).AsSingle());
    }

    public static void Join(ushort* to, Vector512<float> first, Vector512<float> second) =>
        ((Rounded(first) >> 16) | (Rounded(second) & Vector512.Create(UpperHalf))).Store((uint*)to);

    public static float Get(ushort* from) => BitConverter.UInt32BitsToSingle((uint)*from << 16);

    public static void Set(ushort* to, float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        *to = float.IsNaN(value) ? (ushort)0x7fc0 : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    // In the upper half. The lower half of a NaN from there is 0, so that nothing is carried into its sign.
    private static Vector512<uint> Rounded(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        return bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One);
    }
}
