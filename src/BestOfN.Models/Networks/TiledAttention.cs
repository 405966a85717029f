using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BestOfN.Models.Native;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>Attention in float32 on a CPU whose registers hold 16 numbers: libtorch's fused kernel takes 8 at a time on some of them.</summary>
/// <remarks>
/// A tile of queries meets all its keys, then one softmax over them, then their values: keys lie in panels of 64, transposed, and a product of 6
/// rows by 64 columns stays in the registers. A query's arithmetic does not depend on the others. Inference only.
/// </remarks>
internal static unsafe class TiledAttention
{
    private const int Rows = 6;
    private const int Columns = 64;

    // Keys whose values stay in the nearest cache while all rows of a tile take them; and sums of so many are added up, which rounds less than one long sum.
    private const int KeysAtOnce = 128;

    // Of a tile. Its scores are to stay in a core's cache.
    private const int MostRows = 48;
    private const int MostScores = 1 << 16;

    // Between rows of scores, one line, so that they do not compete for the same lines of the cache.
    private const int Gap = 16;
    private const int CacheLine = 64;

    /// <summary>Whether to prefer it to the fused kernel.</summary>
    /// <param name="q">Queries; the last dimension is the head size.</param>
    public static bool Serves(Tensor q) =>
        Vector512.IsHardwareAccelerated && q.dtype == ScalarType.Float32 && q.device_type == TorchSharp.DeviceType.CPU && q.size(-1) % Columns == 0;

    /// <inheritdoc cref="PartialAttention.Attend"/>
    public static (Tensor Output, Tensor LogSumExp) Attend(Tensor q, Tensor k, Tensor v, bool causal)
    {
        using var scope = NewDisposeScope();
        var (heads, g, L, D, S) = ((int)(q.size(0) * q.size(1)), (int)q.size(2), (int)q.size(3), (int)q.size(4), (int)k.size(2));
        var panels = (S + Columns - 1) / Columns;
        var packedKeys = new HeadRows<float>(empty([1, heads, 1, panels, D * Columns], ScalarType.Float32, q.device));
        var packedValues = new HeadRows<float>(empty([1, heads, 1, S, D], ScalarType.Float32, q.device));
        var (keys, values) = (new HeadRows<float>(k.unsqueeze(2)), new HeadRows<float>(v.unsqueeze(2)));
        TorchThreads.Run(heads * panels, i =>
        {
            var (head, panel) = Math.DivRem(i, panels);
            var first = panel * Columns;
            var count = Math.Min(Columns, S - first);
            Transpose(keys.Row(head, first), keys.Stride, count, D, packedKeys.Row(head, panel));
            Copy(values.Row(head, first), values.Stride, count, D, packedValues.Row(head, first));
        });

        var (output, logSumExp) = PartialAttention.Room(q);
        var (queries, outputs, sums) = (new HeadRows<float>(q), new HeadRows<float>(output), new HeadRows<float>(logSumExp));
        var rows = TileRows(L, panels);
        var tiles = (L + rows - 1) / rows;
        TorchThreads.Run(heads * g * tiles, i =>
        {
            var (head, fromEnd) = Math.DivRem(i, tiles);
            var first = (tiles - 1 - fromEnd) * rows;           // where it is causal the last sees the most
            var count = Math.Min(rows, L - first);
            Attend(
                queries.Row(head, first), queries.Stride, count, D, packedKeys.Row(head / g, 0), packedValues.Row(head / g, 0),
                row => causal ? first + row + 1 : S, outputs.Row(head, first), outputs.Stride, sums.Row(head, first), sums.Stride);
        });
        GC.KeepAlive((q, k, v));
        return (output.MoveToOuterDisposeScope(), logSumExp.MoveToOuterDisposeScope());
    }

    // Tiles of one size, so that the last is not left with a few rows.
    private static int TileRows(int rows, int panels)
    {
        var most = Math.Clamp(MostScores / (panels * Columns) / Rows * Rows, Rows, MostRows);
        var tiles = (rows + most - 1) / most;
        return Up((rows + tiles - 1) / tiles);
    }

    private static int Up(int rows) => (rows + Rows - 1) / Rows * Rows;

    /// <summary>One tile.</summary>
    /// <param name="seen">How many keys a row sees; the last row the most.</param>
    private static void Attend(
        float* q, long qStride, int count, int D, float* keys, float* values, Func<int, int> seen, float* output, long outputStride, float* sums, long sumStride)
    {
        var (rows, most) = (Up(count), seen(count - 1));
        var panels = (most + Columns - 1) / Columns;
        var stride = (panels * Columns) + Gap;
        var memory = ArrayPool<float>.Shared.Rent((rows * (D + D + stride)) + Gap);
        fixed (float* start = memory)
        {
            var queries = (float*)(((nint)start + CacheLine - 1) & -CacheLine);
            var met = queries + (rows * D);
            var scores = met + (rows * D);
            Copy(q, qStride, count, D, queries);
            new Span<float>(queries + (count * D), (rows - count) * D).Clear();
            for (var panel = 0; panel < panels; panel++)
            {
                for (var r = 0; r < rows; r += Rows)
                {
                    Multiply(queries + (r * D), D, keys + ((long)panel * D * Columns), Columns, D, scores + (r * stride) + (panel * Columns), stride, add: false);
                }
            }

            var shares = stackalloc float[count];
            var scale = 1 / MathF.Sqrt(D);
            for (var r = 0; r < count; r++)
            {
                var of = RowKernels.Exponentiate<float, Float32Lanes>(scores + (r * stride), seen(r), scale);
                new Span<float>(scores + (r * stride) + seen(r), most - seen(r)).Clear();
                (shares[r], sums[r * sumStride]) = (1 / of.Sum, of.LogSumExp);
            }

            for (var key = 0; key < most; key += KeysAtOnce)
            {
                for (var d = 0; d < D; d += Columns)
                {
                    for (var r = 0; r < rows; r += Rows)
                    {
                        Multiply(
                            scores + (r * stride) + key, stride, values + ((long)key * D) + d, D, Math.Min(KeysAtOnce, most - key), met + (r * D) + d, D, add: key > 0);
                    }
                }
            }

            for (var r = 0; r < count; r++)
            {
                RowKernels.Multiply<float, Float32Lanes>(met + (r * D), shares[r], output + (r * outputStride), D);
            }
        }

        ArrayPool<float>.Shared.Return(memory);
    }

    private static void Copy(float* from, long stride, int rows, int D, float* to)
    {
        for (var r = 0; r < rows; r++)
        {
            new Span<float>(from + (r * stride), D).CopyTo(new Span<float>(to + ((long)r * D), D));
        }
    }

    /// <summary>A panel: number d of 64 keys side by side; 0 where there are fewer keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* keys, long stride, int count, int D, float* panel)
    {
        if (count < Columns)
        {
            new Span<float>(panel, D * Columns).Clear();
        }

        for (var j = 0; j < count; j++, keys += stride)
        {
            for (var d = 0; d < D; d++)
            {
                panel[(d * Columns) + j] = keys[d];
            }
        }
    }

    /// <summary>y = x · m, or y += x · m, for x of 6 rows and n columns, m of n rows and 64 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(float* x, long xStride, float* m, long mStride, int n, float* y, long yStride, bool add)
    {
        Vector512<float>
            a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default,
            c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default,
            e0 = default, e1 = default, e2 = default, e3 = default, f0 = default, f1 = default, f2 = default, f3 = default;
        float* xa = x, xb = x + xStride, xc = xb + xStride, xd = xc + xStride, xe = xd + xStride, xf = xe + xStride;
        for (var i = 0; i < n; i++, m += mStride)
        {
            Vector512<float> m0 = Vector512.Load(m), m1 = Vector512.Load(m + 16), m2 = Vector512.Load(m + 32), m3 = Vector512.Load(m + 48);
            var factor = Vector512.Create(xa[i]);
            a0 = Vector512.FusedMultiplyAdd(factor, m0, a0);
            a1 = Vector512.FusedMultiplyAdd(factor, m1, a1);
            a2 = Vector512.FusedMultiplyAdd(factor, m2, a2);
            a3 = Vector512.FusedMultiplyAdd(factor, m3, a3);
            factor = Vector512.Create(xb[i]);
            b0 = Vector512.FusedMultiplyAdd(factor, m0, b0);
            b1 = Vector512.FusedMultiplyAdd(factor, m1, b1);
            b2 = Vector512.FusedMultiplyAdd(factor, m2, b2);
            b3 = Vector512.FusedMultiplyAdd(factor, m3, b3);
            factor = Vector512.Create(xc[i]);
            c0 = Vector512.FusedMultiplyAdd(factor, m0, c0);
            c1 = Vector512.FusedMultiplyAdd(factor, m1, c1);
            c2 = Vector512.FusedMultiplyAdd(factor, m2, c2);
            c3 = Vector512.FusedMultiplyAdd(factor, m3, c3);
            factor = Vector512.Create(xd[i]);
            d0 = Vector512.FusedMultiplyAdd(factor, m0, d0);
            d1 = Vector512.FusedMultiplyAdd(factor, m1, d1);
            d2 = Vector512.FusedMultiplyAdd(factor, m2, d2);
            d3 = Vector512.FusedMultiplyAdd(factor, m3, d3);
            factor = Vector512.Create(xe[i]);
            e0 = Vector512.FusedMultiplyAdd(factor, m0, e0);
            e1 = Vector512.FusedMultiplyAdd(factor, m1, e1);
            e2 = Vector512.FusedMultiplyAdd(factor, m2, e2);
            e3 = Vector512.FusedMultiplyAdd(factor, m3, e3);
            factor = Vector512.Create(xf[i]);
            f0 = Vector512.FusedMultiplyAdd(factor, m0, f0);
            f1 = Vector512.FusedMultiplyAdd(factor, m1, f1);
            f2 = Vector512.FusedMultiplyAdd(factor, m2, f2);
            f3 = Vector512.FusedMultiplyAdd(factor, m3, f3);
        }

        Store(y, a0, a1, a2, a3, add);
        Store(y + yStride, b0, b1, b2, b3, add);
        Store(y + (2 * yStride), c0, c1, c2, c3, add);
        Store(y + (3 * yStride), d0, d1, d2, d3, add);
        Store(y + (4 * yStride), e0, e1, e2, e3, add);
        Store(y + (5 * yStride), f0, f1, f2, f3, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* y, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, bool add)
    {
        if (add)
        {
            a += Vector512.Load(y);
            b += Vector512.Load(y + 16);
            c += Vector512.Load(y + 32);
            d += Vector512.Load(y + 48);
        }

        a.Store(y);
        b.Store(y + 16);
        c.Store(y + 32);
        d.Store(y + 48);
    }
}
