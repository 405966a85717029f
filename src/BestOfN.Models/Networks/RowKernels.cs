using System.Runtime.Intrinsics;
using BestOfN.Models.Native;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>What lies between the products of a decode step, for contiguous rows in float32 or bfloat16 on the CPU.</summary>
/// <remarks>A row is a few thousand numbers: one thread is done with it before a tensor operation has begun. Arithmetic is float32, rounded once.</remarks>
internal static unsafe class RowKernels
{
    /// <summary>x · rsqrt(mean(x²) + eps) · weight.</summary>
    /// <param name="x">[T, C].</param>
    /// <param name="weight">[C].</param>
    /// <param name="epsilon">Keeps rows of zeros finite.</param>
    public static Tensor Norm(Tensor x, Tensor weight, double epsilon)
    {
        var result = empty_like(x);
        var (T, C) = ((int)x.size(0), (int)x.size(1));
        if (x.dtype == ScalarType.Float32)
        {
            Norm<float, Float32>((float*)Aten.Data(x), (float*)Aten.Data(weight), (float*)Aten.Data(result), T, C, C, epsilon);
        }
        else
        {
            Norm<ushort, BFloat16>((ushort*)Aten.Data(x), (ushort*)Aten.Data(weight), (ushort*)Aten.Data(result), T, C, C, epsilon);
        }

        return result;
    }

    /// <summary>Norms and rotates query and key heads in place.</summary>
    /// <param name="all">[T, (H + 2K)·D]: queries, keys, values.</param>
    /// <param name="c">Sizes.</param>
    /// <param name="queryNorm">[D], or null where the family has none; <paramref name="keyNorm"/> likewise.</param>
    /// <param name="cos">[T, D/2] float32; <paramref name="sin"/> likewise.</param>
    public static void TurnHeads(Tensor all, DecoderConfiguration c, Tensor? queryNorm, Tensor? keyNorm, Tensor cos, Tensor sin)
    {
        if (all.dtype == ScalarType.Float32)
        {
            TurnHeads<float, Float32>(all, c, queryNorm, keyNorm, cos, sin);
        }
        else
        {
            TurnHeads<ushort, BFloat16>(all, c, queryNorm, keyNorm, cos, sin);
        }
    }

    /// <summary>silu(gate) · up.</summary>
    /// <param name="both">[T, 2I]: gates, then ups.</param>
    /// <returns>[T, I].</returns>
    public static Tensor Gate(Tensor both)
    {
        var (T, I) = ((int)both.size(0), (int)both.size(1) / 2);
        var result = empty(T, I, both.dtype, both.device);
        if (both.dtype == ScalarType.Float32)
        {
            Gate<float, Float32>((float*)Aten.Data(both), (float*)Aten.Data(result), T, I);
        }
        else
        {
            Gate<ushort, BFloat16>((ushort*)Aten.Data(both), (ushort*)Aten.Data(result), T, I);
        }

        return result;
    }

    private static void Norm<T, TLanes>(T* x, T* weight, T* result, int rows, int width, long stride, double epsilon)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        for (var row = 0; row < rows; row++, x += stride, result += stride)
        {
            var squares = Vector512<float>.Zero;
            var i = 0;
            for (; i + Lanes <= width; i += Lanes)
            {
                var (a, b) = TLanes.Load(x + i);
                squares += (a * a) + (b * b);
            }

            var sum = Vector512.Sum(squares);
            for (; i < width; i++)
            {
                sum += TLanes.Get(x + i) * TLanes.Get(x + i);
            }

            var scale = 1 / MathF.Sqrt((sum / width) + (float)epsilon);
            for (i = 0; i + Lanes <= width; i += Lanes)
            {
                var ((a, b), (u, v)) = (TLanes.Load(x + i), TLanes.Load(weight + i));
                TLanes.Store(result + i, a * scale * u, b * scale * v);
            }

            for (; i < width; i++)
            {
                TLanes.Set(result + i, TLanes.Get(x + i) * scale * TLanes.Get(weight + i));
            }
        }
    }

    private static void TurnHeads<T, TLanes>(Tensor all, DecoderConfiguration c, Tensor? queryNorm, Tensor? keyNorm, Tensor cos, Tensor sin)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var (rows, D, half) = ((int)all.size(0), c.HeadSize, c.HeadSize / 2);
        var stride = (c.Heads + (2 * c.KeyValueHeads)) * D;
        var first = (T*)Aten.Data(all);
        var cosines = (float*)Aten.Data(cos);
        var sines = (float*)Aten.Data(sin);
        for (var row = 0; row < rows; row++, first += stride, cosines += half, sines += half)
        {
            var keys = first + (c.Heads * D);
            if (queryNorm is not null)
            {
                Norm<T, TLanes>(first, (T*)Aten.Data(queryNorm), first, c.Heads, D, D, c.NormEpsilon);
            }

            if (keyNorm is not null)
            {
                Norm<T, TLanes>(keys, (T*)Aten.Data(keyNorm), keys, c.KeyValueHeads, D, D, c.NormEpsilon);
            }

            for (var head = first; head < keys + (c.KeyValueHeads * D); head += D)
            {
                var i = 0;
                for (; i + Lanes <= half; i += Lanes)
                {
                    var ((a, b), (p, q)) = (TLanes.Load(head + i), TLanes.Load(head + half + i));
                    var (ca, cb) = Float32.Load(cosines + i);
                    var (sa, sb) = Float32.Load(sines + i);
                    TLanes.Store(head + i, (a * ca) - (p * sa), (b * cb) - (q * sb));
                    TLanes.Store(head + half + i, (p * ca) + (a * sa), (q * cb) + (b * sb));
                }

                for (; i < half; i++)
                {
                    var (a, p) = (TLanes.Get(head + i), TLanes.Get(head + half + i));
                    TLanes.Set(head + i, (a * cosines[i]) - (p * sines[i]));
                    TLanes.Set(head + half + i, (p * cosines[i]) + (a * sines[i]));
                }
            }
        }
    }

    private static void Gate<T, TLanes>(T* both, T* result, int rows, int width)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        for (var row = 0; row < rows; row++, both += 2 * width, result += width)
        {
            var i = 0;
            for (; i + Lanes <= width; i += Lanes)
            {
                var ((a, b), (u, v)) = (TLanes.Load(both + i), TLanes.Load(both + width + i));
                TLanes.Store(result + i, a / (Vector512<float>.One + Vector512.Exp(-a)) * u, b / (Vector512<float>.One + Vector512.Exp(-b)) * v);
            }

            for (; i < width; i++)
            {
                var gate = TLanes.Get(both + i);
                TLanes.Set(result + i, gate / (1 + MathF.Exp(-gate)) * TLanes.Get(both + width + i));
            }
        }
    }

    private const int Lanes = 32;

    /// <summary>How 32 neighbours of a type become numbers and back.</summary>
    private interface ILanes<T>
        where T : unmanaged
    {
        static abstract (Vector512<float> First, Vector512<float> Second) Load(T* from);

        static abstract void Store(T* to, Vector512<float> first, Vector512<float> second);

        static abstract float Get(T* from);

        static abstract void Set(T* to, float value);
    }

    private readonly struct Float32 : ILanes<float>
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
    private readonly struct BFloat16 : ILanes<ushort>
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
}
