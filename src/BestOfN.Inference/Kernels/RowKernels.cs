using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>What lies between the products of a decoder, for rows in float32 or bfloat16 on the CPU.</summary>
/// <remarks>
/// One pass over memory where tensor operations take several; and for a few rows one thread is done before a tensor operation has begun.
/// Arithmetic is float32, rounded once, and a row's does not depend on the others. Inference only. T rows, C numbers in each. The loops are
/// compiled for speed at once: until they were found to be hot, the first requests would wait many times as long.
/// </remarks>
internal static unsafe class RowKernels
{
    /// <summary>Of <see cref="QuickGelu(Tensor)"/>.</summary>
    public const float Steepness = 1.702f;

    // Numbers that are worth a thread.
    private const long Worthwhile = 1 << 15;

    /// <summary>Whether rows of this kind can be given to the others here.</summary>
    public static bool Serve(ScalarType type, Device device) =>
        OwnKernels.AreOn && !is_grad_enabled() && device.type == TorchSharp.DeviceType.CPU && (type is ScalarType.Float32 or ScalarType.BFloat16);

    /// <summary>x · rsqrt(mean(x²) + eps) · weight.</summary>
    /// <param name="x">[T, C], rows contiguous.</param>
    /// <param name="weight">[C].</param>
    /// <param name="epsilon">Keeps rows of zeros finite.</param>
    public static Tensor Norm(Tensor x, Tensor weight, double epsilon)
    {
        var (rows, width) = (x.size(0), x.size(1));
        var result = empty(rows, width, x.dtype, x.device);
        if (x.dtype == ScalarType.Float32)
        {
            Run<float, Float32Lanes>();
        }
        else
        {
            Run<ushort, BFloat16Lanes>();
        }

        GC.KeepAlive((x, weight));
        return result;

        void Run<T, TLanes>()
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var (from, to, weights, stride) = ((nint)Aten.Data(x), (nint)Aten.Data(result), (nint)Aten.Data(weight), x.stride(0));
            InParts(rows, width, (first, count) => Norm<T, TLanes>(
                (T*)from + (first * stride), stride, (T*)weights, (T*)to + (first * width), width, count, (int)width, epsilon));
        }
    }

    /// <summary>Norms and rotates heads in place.</summary>
    /// <param name="heads">[T, n, D], numbers of a head contiguous.</param>
    /// <param name="norm">[D], or null where the family has none.</param>
    /// <param name="epsilon">As in <see cref="Norm(Tensor, Tensor, double)"/>.</param>
    /// <param name="cos">[T, D/2] float32; <paramref name="sin"/> likewise.</param>
    /// <param name="sin">See <paramref name="cos"/>.</param>
    /// <returns>The heads.</returns>
    public static Tensor Turn(Tensor heads, Tensor? norm, double epsilon, Tensor cos, Tensor sin)
    {
        if (heads.dtype == ScalarType.Float32)
        {
            Run<float, Float32Lanes>();
        }
        else
        {
            Run<ushort, BFloat16Lanes>();
        }

        GC.KeepAlive((heads, norm, cos, sin));
        return heads;

        void Run<T, TLanes>()
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var (rows, n, D) = (heads.size(0), (int)heads.size(1), (int)heads.size(2));
            var (rowStride, headStride) = (heads.stride(0), heads.stride(1));
            var (data, weights, cosines, sines) = ((nint)Aten.Data(heads), norm is null ? 0 : (nint)Aten.Data(norm), (nint)Aten.Data(cos), (nint)Aten.Data(sin));
            InParts(rows, n * D, (first, count) =>
            {
                for (var row = first; row < first + count; row++)
                {
                    for (var i = 0; i < n; i++)
                    {
                        var head = (T*)data + (row * rowStride) + (i * headStride);
                        if (weights != 0)
                        {
                            Norm<T, TLanes>(head, 0, (T*)weights, head, 0, 1, D, epsilon);
                        }

                        Turn<T, TLanes>(head, D / 2, (float*)cosines + (row * (D / 2)), (float*)sines + (row * (D / 2)));
                    }
                }
            });
        }
    }

    /// <summary>silu(gate) · up.</summary>
    /// <param name="both">[T, 2I]: gates, then ups.</param>
    /// <returns>[T, I].</returns>
    public static Tensor Gate(Tensor both)
    {
        var width = both.size(1) / 2;
        using var gate = both.narrow(1, 0, width);
        using var up = both.narrow(1, width, width);
        return Gate(gate, up, empty(both.size(0), width, both.dtype, both.device));
    }

    /// <summary>silu(gate) · up.</summary>
    /// <param name="gate">[T, I], rows contiguous; <paramref name="up"/> and <paramref name="result"/> likewise.</param>
    /// <param name="up">See <paramref name="gate"/>.</param>
    /// <param name="result">May be one of the others.</param>
    /// <returns>The result.</returns>
    public static Tensor Gate(Tensor gate, Tensor up, Tensor result)
    {
        if (gate.dtype == ScalarType.Float32)
        {
            Run<float, Float32Lanes>();
        }
        else
        {
            Run<ushort, BFloat16Lanes>();
        }

        GC.KeepAlive((gate, up));
        return result;

        void Run<T, TLanes>()
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var (gates, ups, to) = ((nint)Aten.Data(gate), (nint)Aten.Data(up), (nint)Aten.Data(result));
            var (rows, width, gateStride, upStride, stride) = (gate.size(0), gate.size(1), gate.stride(0), up.stride(0), result.stride(0));
            InParts(rows, width, (first, count) =>
            {
                for (var row = first; row < first + count; row++)
                {
                    Gate<T, TLanes>((T*)gates + (row * gateStride), (T*)ups + (row * upStride), (T*)to + (row * stride), (int)width);
                }
            });
        }
    }

    /// <summary>x · sigmoid(1.702 x), in place (Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415).</summary>
    /// <param name="x">[T, I], contiguous.</param>
    /// <returns>x.</returns>
    public static Tensor QuickGelu(Tensor x)
    {
        if (x.dtype == ScalarType.Float32)
        {
            Run<float, Float32Lanes>();
        }
        else
        {
            Run<ushort, BFloat16Lanes>();
        }

        GC.KeepAlive(x);
        return x;

        void Run<T, TLanes>()
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var (data, rows, width) = ((nint)Aten.Data(x), x.size(0), x.size(1));
            InParts(rows, width, (first, count) => QuickGelu<T, TLanes>((T*)data + (first * width), count * width));
        }
    }

    /// <summary>Scores become e to the power of scale · (score − the largest of their row), in place, over the first keys of every row, and 0 behind them.</summary>
    /// <param name="scores">[T, S], contiguous.</param>
    /// <param name="scale">Of the scores, positive.</param>
    /// <param name="seen">How many keys row t sees, 1..S.</param>
    /// <param name="sums">Gets those of row t.</param>
    public static void Exponentiate(Tensor scores, float scale, Func<long, int> seen, Action<long, ExponentialSums> sums)
    {
        if (scores.dtype == ScalarType.Float32)
        {
            Run<float, Float32Lanes>();
        }
        else
        {
            Run<ushort, BFloat16Lanes>();
        }

        GC.KeepAlive(scores);

        void Run<T, TLanes>()
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var (data, rows, width) = ((nint)Aten.Data(scores), scores.size(0), scores.size(1));
            InParts(rows, width, (first, count) =>
            {
                for (var row = first; row < first + count; row++)
                {
                    var x = (T*)data + (row * width);
                    var keys = seen(row);
                    sums(row, Exponentiate<T, TLanes>(x, keys, scale));
                    new Span<T>(x + keys, (int)width - keys).Clear();
                }
            });
        }
    }

    /// <summary>The rows of the result become those of x, divided.</summary>
    /// <param name="x">[N · K · g · L, D], contiguous.</param>
    /// <param name="by">One number for each row.</param>
    /// <param name="result">[N, K, g, L, D], as <see cref="HeadRows{T}"/> wants it.</param>
    public static void Divide(Tensor x, float[] by, Tensor result)
    {
        if (x.dtype == ScalarType.Float32)
        {
            Run<float, Float32Lanes>();
        }
        else
        {
            Run<ushort, BFloat16Lanes>();
        }

        GC.KeepAlive((x, result));

        void Run<T, TLanes>()
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            var (from, to, rows, width, perHead) = ((nint)Aten.Data(x), new HeadRows<T>(result), x.size(0), x.size(1), result.size(3));
            InParts(rows, width, (first, count) =>
            {
                for (var row = first; row < first + count; row++)
                {
                    Multiply<T, TLanes>((T*)from + (row * width), 1 / by[row], to.Row(row / perHead, row % perHead), (int)width);
                }
            });
        }
    }

    /// <summary>Shares rows among threads where there are enough.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="width">Numbers that each goes through.</param>
    /// <param name="part">Gets the first of some adjacent rows, and how many; must not touch tensors.</param>
    public static void InParts(long rows, long width, Action<long, long> part)
    {
        var parts = (int)Math.Clamp(rows * width / Worthwhile, 1, Math.Min(rows, 4L * get_num_threads()));
        if (parts <= 1)
        {
            part(0, rows);
            return;
        }

        TorchThreads.Run(parts, i =>
        {
            var first = rows * i / parts;
            part(first, (rows * (i + 1) / parts) - first);
        });
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
    private static void Turn<T, TLanes>(T* head, int half, float* cosines, float* sines)
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
    private static void Gate<T, TLanes>(T* gates, T* ups, T* result, int width)
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
            TLanes.Join(x + i, a / (Vector512<float>.One + Lanes.Exp(a * -Steepness)), b / (Vector512<float>.One + Lanes.Exp(b * -Steepness)));
        }

        for (; i < count; i++)
        {
            var one = TLanes.Get(x + i);
            TLanes.Set(x + i, one / (1 + MathF.Exp(one * -Steepness)));
        }
    }

    /// <summary>Numbers become e to the power of scale · (number − the largest), in place.</summary>
    /// <param name="x">The numbers.</param>
    /// <param name="count">How many, 1 or more.</param>
    /// <param name="scale">Positive.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ExponentialSums Exponentiate<T, TLanes>(T* x, int count, float scale)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        // What does not fill all lanes is worked on beside the others.
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

        // Powers of two from here on; all that is said of them has the same roundings in it.
        var toBinary = scale * Lanes.Log2E;
        var largest = Lanes.Max(Vector512.MaxNative(mostA, mostB)) * toBinary;
        var (factor, shift) = (Vector512.Create(toBinary), Vector512.Create(-largest));
        var (sumA, sumB) = TLanes.Split(rest);
        (sumA, sumB) = (Lanes.Exp2(Vector512.FusedMultiplyAdd(sumA, factor, shift)), Lanes.Exp2(Vector512.FusedMultiplyAdd(sumB, factor, shift)));
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
        return new ExponentialSums(sum, (largest + MathF.Log2(sum)) * Lanes.Ln2);
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

    /// <summary>Of exponentials whose largest is 1.</summary>
    /// <param name="Sum">Theirs.</param>
    /// <param name="LogSumExp">Of the numbers that they are the exponentials of, scaled.</param>
    internal readonly record struct ExponentialSums(float Sum, float LogSumExp);
}
