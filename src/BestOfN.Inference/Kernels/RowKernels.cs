using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>The work between the matrix products of a decoder, for rows in float32 or bfloat16 on the CPU.</summary>
/// <remarks>
/// One pass over memory where tensor operations take several; and for a few rows one thread is done before a tensor operation has begun.
/// Arithmetic is float32, rounded once, and the result of a row does not depend on the other rows. No gradients flow. T rows, C numbers in
/// each. The loops are compiled with full optimization at once: tiered compilation would make the first requests many times slower.
/// </remarks>
internal static unsafe class RowKernels
{
    /// <summary>The factor in <see cref="QuickGelu(Tensor)"/>.</summary>
    public const float QuickGeluAlpha = 1.702f;

    // A thread is worth starting for this many numbers.
    private const long NumbersPerThread = 1 << 15;

    /// <summary>Whether rows of this type can be given to the other methods here.</summary>
    public static bool Serve(ScalarType type, Device device) =>
        OwnKernels.AreOn && device.type == TorchSharp.DeviceType.CPU && (type is ScalarType.Float32 or ScalarType.BFloat16);

    /// <summary>x · rsqrt(mean(x²) + eps) · weight.</summary>
    /// <param name="x">[T, C], rows contiguous.</param>
    /// <param name="weight">[C].</param>
    /// <param name="epsilon">Keeps rows of zeros finite.</param>
    public static Tensor Norm(Tensor x, Tensor weight, double epsilon)
    {
        var (rows, width) = (x.size(0), x.size(1));
        var result = empty(rows, width, x.dtype, x.device);
        Run(x.dtype, rows, width, new NormKernel(Aten.Data(x), x.stride(0), Aten.Data(weight), Aten.Data(result), (int)width, epsilon));
        GC.KeepAlive(x);
        GC.KeepAlive(weight);
        return result;
    }

    /// <summary>Normalizes heads where the family does, and rotates them by their positions; in place.</summary>
    /// <param name="heads">[T, n, D], numbers of a head contiguous.</param>
    /// <param name="norm">[D], or null where the family has none.</param>
    /// <param name="epsilon">As in <see cref="Norm(Tensor, Tensor, double)"/>.</param>
    /// <param name="cos">[T, D/2] float32, as is <paramref name="sin"/>.</param>
    /// <param name="sin">See <paramref name="cos"/>.</param>
    /// <returns>The heads.</returns>
    public static Tensor Rotate(Tensor heads, Tensor? norm, double epsilon, Tensor cos, Tensor sin)
    {
        var (n, D) = ((int)heads.size(1), (int)heads.size(2));
        Run(heads.dtype, heads.size(0), n * D, new RotateKernel(
            Aten.Data(heads), heads.stride(0), heads.stride(1), n, D, norm is null ? 0 : Aten.Data(norm), epsilon, Aten.Data(cos),
            Aten.Data(sin)));
        GC.KeepAlive(heads);
        GC.KeepAlive(norm);
        GC.KeepAlive(cos);
        GC.KeepAlive(sin);
        return heads;
    }

    /// <summary>silu(gate) · up.</summary>
    /// <param name="both">[T, 2I]: gate, then up.</param>
    /// <returns>[T, I].</returns>
    public static Tensor SwiGlu(Tensor both)
    {
        var width = both.size(1) / 2;
        using var gate = both.narrow(1, 0, width);
        using var up = both.narrow(1, width, width);
        return SwiGlu(gate, up, empty(both.size(0), width, both.dtype, both.device));
    }

    /// <summary>silu(gate) · up.</summary>
    /// <param name="gate">[T, I], rows contiguous, as are those of <paramref name="up"/> and <paramref name="result"/>.</param>
    /// <param name="up">See <paramref name="gate"/>.</param>
    /// <param name="result">May be one of the others.</param>
    /// <returns>The result.</returns>
    public static Tensor SwiGlu(Tensor gate, Tensor up, Tensor result)
    {
        var (rows, width) = (gate.size(0), gate.size(1));
        Run(gate.dtype, rows, width, new SwiGluKernel(
            Aten.Data(gate), gate.stride(0), Aten.Data(up), up.stride(0), Aten.Data(result), result.stride(0), (int)width));
        GC.KeepAlive(gate);
        GC.KeepAlive(up);
        return result;
    }

    /// <summary>x · sigmoid(1.702 x), in place (Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415).</summary>
    /// <param name="x">[T, I], contiguous.</param>
    /// <returns>x.</returns>
    public static Tensor QuickGelu(Tensor x)
    {
        Run(x.dtype, x.size(0), x.size(1), new QuickGeluKernel(Aten.Data(x), x.size(1)));
        GC.KeepAlive(x);
        return x;
    }

    /// <summary>The numerators of a softmax, in place: exp(scale · (score − the largest of its row)) over the first keys of every row, and
    /// 0 behind them.</summary>
    /// <param name="scores">[T, S], contiguous.</param>
    /// <param name="scale">Factor of the scores, positive.</param>
    /// <param name="keys">How many keys row t attends to, 1..S.</param>
    /// <param name="sums">Gets the sums of row t.</param>
    public static void SoftmaxNumerators(Tensor scores, float scale, Func<long, int> keys, Action<long, SoftmaxSums> sums)
    {
        Run(scores.dtype, scores.size(0), scores.size(1), new SoftmaxKernel(Aten.Data(scores), (int)scores.size(1), scale, keys, sums));
        GC.KeepAlive(scores);
    }

    /// <summary>The rows of the result become those of x, divided.</summary>
    /// <param name="x">[N · K · g · L, D], contiguous.</param>
    /// <param name="by">One number for each row.</param>
    /// <param name="result">[N, K, g, L, D], as <see cref="HeadRows{T}"/> wants it.</param>
    public static void Normalize(Tensor x, float[] by, Tensor result)
    {
        Run(x.dtype, x.size(0), x.size(1),
            new NormalizeKernel(Aten.Data(x), (int)x.size(1), by, new HeadRows<byte>(result), result.size(3)));
        GC.KeepAlive(x);
        GC.KeepAlive(result);
    }

    /// <summary>Runs a kernel for the type of the rows; the rows are shared among threads where there are enough.</summary>
    /// <param name="type">float32 or bfloat16.</param>
    /// <param name="rows">How many.</param>
    /// <param name="width">Numbers that each row goes through.</param>
    /// <param name="kernel">The work on the rows.</param>
    public static void Run<TKernel>(ScalarType type, long rows, long width, TKernel kernel)
        where TKernel : struct, IRowKernel
    {
        var parts = (int)Math.Clamp(rows * width / NumbersPerThread, 1, Math.Min(rows, 4L * get_num_threads()));
        if (type == ScalarType.Float32)
        {
            Run<TKernel, float, Float32Lanes>(rows, parts, kernel);
        }
        else
        {
            Run<TKernel, ushort, BFloat16Lanes>(rows, parts, kernel);
        }
    }

    private static void Run<TKernel, T, TLanes>(long rows, int parts, TKernel kernel)
        where TKernel : struct, IRowKernel
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        if (parts <= 1)
        {
            kernel.Run<T, TLanes>(0, rows);
        }
        else
        {
            Share<TKernel, T, TLanes>(rows, parts, kernel);
        }
    }

    // Apart from its caller, so that a single part allocates nothing.
    private static void Share<TKernel, T, TLanes>(long rows, int parts, TKernel kernel)
        where TKernel : struct, IRowKernel
        where T : unmanaged
        where TLanes : struct, ILanes<T> => TorchThreads.Run(parts, i =>
        {
            var first = rows * i / parts;
            kernel.Run<T, TLanes>(first, (rows * (i + 1) / parts) - first);
        });

    private readonly struct NormKernel(nint x, long stride, nint weight, nint result, int width, double epsilon) : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T> =>
            Norm<T, TLanes>((T*)x + (first * stride), stride, (T*)weight, (T*)result + (first * width), width, count, width, epsilon);
    }

    private readonly struct RotateKernel(
        nint heads, long rowStride, long headStride, int n, int D, nint norm, double epsilon, nint cos, nint sin) : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            for (var row = first; row < first + count; row++)
            {
                for (var i = 0; i < n; i++)
                {
                    var head = (T*)heads + (row * rowStride) + (i * headStride);
                    if (norm != 0)
                    {
                        Norm<T, TLanes>(head, 0, (T*)norm, head, 0, 1, D, epsilon);
                    }

                    Rotate<T, TLanes>(head, D / 2, (float*)cos + (row * (D / 2)), (float*)sin + (row * (D / 2)));
                }
            }
        }
    }

    private readonly struct SwiGluKernel(nint gate, long gateStride, nint up, long upStride, nint result, long resultStride, int width)
        : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            for (var row = first; row < first + count; row++)
            {
                SwiGlu<T, TLanes>((T*)gate + (row * gateStride), (T*)up + (row * upStride), (T*)result + (row * resultStride), width);
            }
        }
    }

    private readonly struct QuickGeluKernel(nint x, long width) : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T> => QuickGelu<T, TLanes>((T*)x + (first * width), count * width);
    }

    private readonly struct SoftmaxKernel(nint scores, int width, float scale, Func<long, int> keys, Action<long, SoftmaxSums> sums)
        : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            for (var row = first; row < first + count; row++)
            {
                var x = (T*)scores + (row * width);
                var attended = keys(row);
                sums(row, SoftmaxNumerators<T, TLanes>(x, attended, scale));
                new Span<T>(x + attended, width - attended).Clear();
            }
        }
    }

    private readonly struct NormalizeKernel(nint x, int width, float[] by, HeadRows<byte> result, long rowsPerHead) : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var to = result.As<T>();
            for (var row = first; row < first + count; row++)
            {
                Multiply<T, TLanes>((T*)x + (row * width), 1 / by[row], to.Row(row / rowsPerHead, row % rowsPerHead), width);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Norm<T, TLanes>(T* x, long stride, T* weight, T* result, long resultStride, long rows, int width, double epsilon)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        for (var row = 0L; row < rows; row++, x += stride, result += resultStride)
        {
            var squares = Vector512<float>.Zero;
            var i = 0;
            for (; i + Lanes.Count <= width; i += Lanes.Count)
            {
                var (a, b) = TLanes.Split(x + i);
                squares += (a * a) + (b * b);
            }

            var sum = Vector512.Sum(squares);
            for (; i < width; i++)
            {
                sum += TLanes.Get(x + i) * TLanes.Get(x + i);
            }

            var scale = 1 / MathF.Sqrt((sum / width) + (float)epsilon);
            for (i = 0; i + Lanes.Count <= width; i += Lanes.Count)
            {
                var ((a, b), (u, v)) = (TLanes.Split(x + i), TLanes.Split(weight + i));
                TLanes.Join(result + i, a * scale * u, b * scale * v);
            }

            for (; i < width; i++)
            {
                TLanes.Set(result + i, TLanes.Get(x + i) * scale * TLanes.Get(weight + i));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rotate<T, TLanes>(T* head, int half, float* cosines, float* sines)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var i = 0;
        for (; i + Lanes.Count <= half; i += Lanes.Count)
        {
            var ((a, b), (p, q)) = (TLanes.Load(head + i), TLanes.Load(head + half + i));
            var (ca, cb) = Float32Lanes.Load(cosines + i);
            var (sa, sb) = Float32Lanes.Load(sines + i);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGlu<T, TLanes>(T* gates, T* ups, T* result, int width)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var i = 0;
        for (; i + Lanes.Count <= width; i += Lanes.Count)
        {
            var ((a, b), (u, v)) = (TLanes.Split(gates + i), TLanes.Split(ups + i));
            TLanes.Join(result + i, a / (Vector512<float>.One + Lanes.Exp(-a)) * u, b / (Vector512<float>.One + Lanes.Exp(-b)) * v);
        }

        for (; i < width; i++)
        {
            var gate = TLanes.Get(gates + i);
            TLanes.Set(result + i, gate / (1 + MathF.Exp(-gate)) * TLanes.Get(ups + i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuickGelu<T, TLanes>(T* x, long count)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var i = 0L;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            var (a, b) = TLanes.Split(x + i);
            TLanes.Join(x + i, a / (Vector512<float>.One + Lanes.Exp(a * -QuickGeluAlpha)),
                b / (Vector512<float>.One + Lanes.Exp(b * -QuickGeluAlpha)));
        }

        for (; i < count; i++)
        {
            var one = TLanes.Get(x + i);
            TLanes.Set(x + i, one / (1 + MathF.Exp(one * -QuickGeluAlpha)));
        }
    }

    /// <summary>The numerators of a softmax row, exp(scale · (number − the largest)), in place.</summary>
    /// <param name="x">The numbers.</param>
    /// <param name="count">How many, 1 or more.</param>
    /// <param name="scale">Positive.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static SoftmaxSums SoftmaxNumerators<T, TLanes>(T* x, int count, float scale)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        // The numbers of the last, partly filled lanes are worked on in a copy.
        var rest = stackalloc T[Lanes.Count];
        var whole = count / Lanes.Count * Lanes.Count;
        for (var i = whole; i < whole + Lanes.Count; i++)
        {
            TLanes.Set(rest + i - whole, i < count ? TLanes.Get(x + i) : float.NegativeInfinity);
        }

        var (mostA, mostB) = TLanes.Split(rest);
        for (var i = 0; i < whole; i += Lanes.Count)
        {
            var (a, b) = TLanes.Split(x + i);
            (mostA, mostB) = (Vector512.MaxNative(a, mostA), Vector512.MaxNative(b, mostB));
        }

        // From here on in base 2, so that maximum and sum have the same rounding error in them.
        var toBinary = scale * Lanes.Log2E;
        var largest = Lanes.Max(Vector512.MaxNative(mostA, mostB)) * toBinary;
        var (factor, shift) = (Vector512.Create(toBinary), Vector512.Create(-largest));
        var (sumA, sumB) = TLanes.Split(rest);
        (sumA, sumB) =
            (Lanes.Exp2(Vector512.FusedMultiplyAdd(sumA, factor, shift)), Lanes.Exp2(Vector512.FusedMultiplyAdd(sumB, factor, shift)));
        TLanes.Join(rest, sumA, sumB);
        for (var i = 0; i < whole; i += Lanes.Count)
        {
            var (a, b) = TLanes.Split(x + i);
            a = Lanes.Exp2(Vector512.FusedMultiplyAdd(a, factor, shift));
            b = Lanes.Exp2(Vector512.FusedMultiplyAdd(b, factor, shift));
            sumA += a;
            sumB += b;
            TLanes.Join(x + i, a, b);
        }

        new Span<T>(rest, count - whole).CopyTo(new Span<T>(x + whole, count - whole));
        var sum = Vector512.Sum(sumA + sumB);
        return new SoftmaxSums(sum, (largest + MathF.Log2(sum)) * Lanes.Ln2);
    }

    /// <summary>result = x · factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<T, TLanes>(T* x, float factor, T* result, int count)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
        {
            var (a, b) = TLanes.Split(x + i);
            TLanes.Join(result + i, a * factor, b * factor);
        }

        for (; i < count; i++)
        {
            TLanes.Set(result + i, TLanes.Get(x + i) * factor);
        }
    }
}
