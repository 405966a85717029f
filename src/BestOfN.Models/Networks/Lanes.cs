using System.Runtime.Intrinsics;

namespace BestOfN.Models.Networks;

/// <summary>How 32 neighbours of a type become float32 and back.</summary>
internal static class Lanes
{
    public const int Count = 32;

    /// <summary>The next multiple.</summary>
    public static int Up(int count) => (count + Count - 1) / Count * Count;
}

/// <inheritdoc cref="Lanes"/>
internal unsafe interface ILanes<T>
    where T : unmanaged
{
    static abstract (Vector512<float> First, Vector512<float> Second) Load(T* from);

    static abstract void Store(T* to, Vector512<float> first, Vector512<float> second);

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

    public static float Get(float* from) => *from;

    public static void Set(float* to, float value) => *to = value;
}

/// <summary>The upper half of a float32; rounded to nearest, ties to even. NaN stays NaN.</summary>
internal readonly unsafe struct BFloat16Lanes : ILanes<ushort>
{
    public static (Vector512<float> First, Vector512<float> Second) Load(ushort* from)
    {
        var (first, second) = Vector512.Widen(Vector512.Load(from));
        return ((first << 16).AsSingle(), (second << 16).AsSingle());
    }

    public static void Store(ushort* to, Vector512<float> first, Vector512<float> second) =>
        Vector512.Narrow(Rounded(first), Rounded(second)).Store(to);

    public static float Get(ushort* from) => BitConverter.UInt32BitsToSingle((uint)*from << 16);

    public static void Set(ushort* to, float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        *to = float.IsNaN(value) ? (ushort)0x7fc0 : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static Vector512<uint> Rounded(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        var rounded = (bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
        return Vector512.ConditionalSelect(Vector512.IsNaN(x).AsUInt32(), Vector512.Create(0x7fc0u), rounded);
    }
}
