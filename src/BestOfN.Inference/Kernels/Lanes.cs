using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace BestOfN.Inference.Kernels;

/// <summary>How 32 neighbours of a type become float32 and back.</summary>
internal static class Lanes
{
    public const int Count = 32;

    public const float Log2E = 1.44269504f;
    public const float Ln2 = 0.693147181f;

    // 1.5 · 2²³: what is added to it is rounded to a whole number.
    private const float Shift = 12582912;

    /// <summary>The next multiple.</summary>
    public static int Up(int count) => (count + Count - 1) / Count * Count;

    /// <summary>The largest.</summary>
    public static float Max(Vector512<float> x)
    {
        var half = Vector256.MaxNative(x.GetLower(), x.GetUpper());
        var quarter = Vector128.MaxNative(half.GetLower(), half.GetUpper());
        return MathF.Max(MathF.Max(quarter[0], quarter[1]), MathF.Max(quarter[2], quarter[3]));
    }

    /// <summary>e to the power of x; x is taken as -87.3 where it is less and as 88 where it is more. NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x) => Exp2(Vector512.MinNative(Vector512.Create(127f), x * Log2E));

    /// <summary>2 to the power of x, for x up to 127, within one unit in the last place; x is taken as -126 where it is less. NaN stays NaN.</summary>
    /// <remarks>
    /// 2ⁿ · 2ʳ with n = round(x); the polynomial is the one of degree 6, exact at 0, whose largest relative error for |r| ≤ ½ is the least (2e-9). The
    /// platform's own exponential takes float64 within, at several times the price.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp2(Vector512<float> x)
    {
        x = Vector512.MaxNative(Vector512.Create(-126f), x);        // of two numbers of which one is NaN the machine takes the second
        var shifted = x + Vector512.Create(Shift);                  // the lowest bits are n
        var r = x - (shifted - Vector512.Create(Shift));
        var y = Vector512.FusedMultiplyAdd(Vector512.Create(1.53533561e-4f), r, Vector512.Create(1.33988773e-3f));
        y = Vector512.FusedMultiplyAdd(y, r, Vector512.Create(9.61843785e-3f));
        y = Vector512.FusedMultiplyAdd(y, r, Vector512.Create(5.55033237e-2f));
        y = Vector512.FusedMultiplyAdd(y, r, Vector512.Create(0.240226477f));
        y = Vector512.FusedMultiplyAdd(y, r, Vector512.Create(0.693147182f));
        y = Vector512.FusedMultiplyAdd(y, r, Vector512<float>.One);
        return (y.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }
}

/// <inheritdoc cref="Lanes"/>
internal unsafe interface ILanes<T>
    where T : unmanaged
{
    static abstract (Vector512<float> First, Vector512<float> Second) Load(T* from);

    static abstract void Store(T* to, Vector512<float> first, Vector512<float> second);

    /// <summary>As <see cref="Load"/>, but in whatever order is the cheapest; <see cref="Join"/> knows it.</summary>
    static abstract (Vector512<float> First, Vector512<float> Second) Split(T* from);

    static abstract void Join(T* to, Vector512<float> first, Vector512<float> second);

    static abstract float Get(T* from);

    static abstract void Set(T* to, float value);
}

/// <inheritdoc cref="Lanes"/>
internal readonly unsafe struct Float32Lanes : ILanes<float>
{
    public static (Vector512<float> First, Vector512<float> Second) Load(float* from) => (Vector512.Load(from), Vector512.Load(from + 16));

    public static void Store(float* to, Vector512<float> first, Vector512<float> second)
    {
        first.Store(to);
        second.Store(to + 16);
    }

    public static (Vector512<float> First, Vector512<float> Second) Split(float* from) => Load(from);

    public static void Join(float* to, Vector512<float> first, Vector512<float> second) => Store(to, first, second);

    public static float Get(float* from) => *from;

    public static void Set(float* to, float value) => *to = value;
}

/// <summary>The upper half of a float32; rounded to nearest, ties to even. What came from bfloat16 as NaN, or has become NaN here, stays NaN.</summary>
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
