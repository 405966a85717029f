using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>
/// Attention in float32 on a CPU whose registers hold 16 numbers: libtorch's fused kernel takes 8 at a time on some of them.
/// </summary>
/// <remarks>
/// A tile of queries meets all its keys, then one softmax over them, then their values: keys lie in panels of 64, transposed, and a product
/// of 6 rows by 64 columns stays in the registers. A query's arithmetic does not depend on the others. Inference only.
/// </remarks>
internal static unsafe class TiledAttention
{
    private const int Rows = TileProduct.Rows;
    private const int Columns = TileProduct.Columns;

    // Keys whose values stay in the nearest cache while all rows of a tile take them; and sums of so many are added up, which rounds less
    // than one long sum.
    private const int KeysAtOnce = 128;

    // Size of a tile: its scores are to stay in a core's cache.
    private const int MostRows = 48;
    private const int MostScores = 1 << 16;

    // Between rows of scores, one line, so that they do not compete for the same lines of the cache.
    private const int Gap = 16;
    private const int CacheLine = 64;

    /// <summary>Whether to prefer it to the fused kernel.</summary>
    /// <param name="q">Queries; the last dimension is the head size.</param>
    public static bool Serves(Tensor q) =>
        OwnKernels.AreOn && Vector512.IsHardwareAccelerated && q.dtype == ScalarType.Float32 && q.device_type == TorchSharp.DeviceType.CPU
            && q.size(-1) % Columns == 0;

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
        GC.KeepAlive(q);
        GC.KeepAlive(k);
        GC.KeepAlive(v);
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
        float* q, long qStride, int count, int D, float* keys, float* values, Func<int, int> seen, float* output, long outputStride,
            float* sums, long sumStride)
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
                    TileProduct.Multiply(queries + (r * D), D, Rows, keys + ((long)panel * D * Columns), Columns, D,
                        scores + (r * stride) + (panel * Columns), stride, add: false);
                }
            }

            var shares = stackalloc float[count];
            var scale = 1 / MathF.Sqrt(D);
            for (var r = 0; r < count; r++)
            {
                var sum = RowKernels.SoftmaxNumerators<float, Float32Lanes>(scores + (r * stride), seen(r), scale);
                new Span<float>(scores + (r * stride) + seen(r), most - seen(r)).Clear();
                (shares[r], sums[r * sumStride]) = (1 / sum.Sum, sum.LogSumExp);
            }

            for (var key = 0; key < most; key += KeysAtOnce)
            {
                for (var d = 0; d < D; d += Columns)
                {
                    for (var r = 0; r < rows; r += Rows)
                    {
                        TileProduct.Multiply(
                            scores + (r * stride) + key, stride, Rows, values + ((long)key * D) + d, D, Math.Min(KeysAtOnce, most - key),
                            met + (r * D) + d, D, add: key > 0);
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
}
