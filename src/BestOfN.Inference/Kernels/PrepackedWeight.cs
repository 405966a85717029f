using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>A weight that is only multiplied by, on a CPU, in the order in which oneDNN reads it.</summary>
/// <remarks>
/// A product of a few rows is bound by reading the weight, and oneDNN reads it at half the rate of the memory then; so those are computed
/// here. Numbers are added in oneDNN's order. Whether that is so is tried for every weight when it is made; where it is not, for example
/// where oneDNN shares many inputs of few outputs among its threads, oneDNN does all. <see cref="IsExact"/> tells whether a row is the same
/// to the last bit however many others are in a step: then a candidate does not depend on what decodes beside it. Inference only; one
/// thread at a time. T rows, I inputs, O outputs.
/// </remarks>
internal sealed unsafe class PrepackedWeight : IDisposable
{
    // oneDNN reads inputs in blocks of 16, and adds up at most 1024 products before it adds their sum to the sums before.
    private const int Block = 16;
    private const int LongestStretch = 1024;

    // In float32, up to MostRows rows are multiplied faster here than by oneDNN. All tiles take the same InputsAtOnce inputs while they are
    // in the L1 cache.
    private const int MostRows = 2 * TileProduct.TallRows;
    private const int InputsAtOnce = 64;

    private readonly Tensor _weight;
    private readonly int _inputs, _outputs;
    private readonly int[] _stretches;
    private readonly nint _data;    // [O / 64, I', 64], or [O / 64, I' / 2, 64, 2] in bfloat16; I' is I rounded up to whole blocks

    /// <param name="weight">[O, I], float32 or bfloat16, on the CPU; stays the caller's.</param>
    /// <param name="trials">What was found with other weights of this size; null: nothing is tried, and <see cref="IsExact"/> is
    /// false.</param>
    public PrepackedWeight(Tensor weight, StepTrials? trials = null)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        _weight = Aten.Prepack(weight);
        (_outputs, _inputs) = ((int)weight.size(0), (int)weight.size(1));
        _stretches = [.. Stretches(_inputs)];
        if (OwnKernels.AreOn && Vector512.IsHardwareAccelerated && _outputs % TileProduct.Columns == 0 && _inputs % 2 == 0
            && Aten.PrepackedData(_weight) is var data and not 0)
        {
            _data = data;
            int[] tried = weight.dtype == ScalarType.Float32 ? [1, TileProduct.Rows, MostRows] : [1, TileProduct.PairRows];
            FewRows = Array.TrueForAll(tried, rows => AreSame(weight, rows)) ? tried[^1] : 0;
        }

        IsExact = trials is not null && trials.IsExact(weight.dtype, _outputs, _inputs, FewRows, this);
        _weight.DetachFromDisposeScope();
    }

    /// <summary>Whether a row was the same to the last bit in every number of rows that a step may have (<see cref="StepRows"/>), and at
    /// every place among them.</summary>
    public bool IsExact { get; }

    /// <summary>Own kernels multiply inputs of at most this many rows; 0: none.</summary>
    public int FewRows { get; }

    /// <summary>x · weightᵀ + bias.</summary>
    /// <param name="x">[T, I].</param>
    /// <param name="bias">[O] or null.</param>
    /// <returns>[T, O].</returns>
    public Tensor Linear(Tensor x, Tensor? bias) => x.size(0) <= FewRows ? Few(x, bias, null) : Aten.Linear(x, _weight, bias);

    /// <summary>As <see cref="Linear"/>, plus a tensor.</summary>
    /// <param name="x">[T, I].</param>
    /// <param name="bias">[O] or null.</param>
    /// <param name="added">[T, O], contiguous.</param>
    /// <returns>[T, O].</returns>
    public Tensor LinearAdd(Tensor x, Tensor? bias, Tensor added) =>
        x.size(0) <= FewRows ? Few(x, bias, added) : Aten.LinearAdd(x, _weight, bias, added);

    public void Dispose() => _weight.Dispose();

    private static int Up(int count) => (count + Block - 1) / Block * Block;

    /// <summary>
    /// The inputs that are added up at a time: whole blocks in stretches of one size where that is possible, then the rest of the last
    /// block.
    /// </summary>
    private static IEnumerable<int> Stretches(int inputs)
    {
        var longest = LongestStretch;
        while (inputs % longest != 0 && longest > Block)
        {
            longest -= Block;
        }

        longest = inputs % longest == 0 ? longest : LongestStretch;
        for (var first = 0; first < inputs;)
        {
            var left = inputs - first;
            var count = Math.Min(longest, left > Block ? left / Block * Block : left);
            yield return count;
            first += count;
        }
    }

    // Adding the negated result shows the order of summation even after rounding to bfloat16.
    private bool AreSame(Tensor weight, int rows)
    {
        var x = weight.narrow(0, 0, Math.Min(rows, _outputs));
        var plain = Aten.Linear(x, _weight, null);
        var (bias, negative) = (plain[0], plain.neg());
        return plain.eq(Few(x, null, null)).all().item<bool>()
            && Aten.LinearAdd(x, _weight, null, negative).eq(Few(x, null, negative)).all().item<bool>()
            && Aten.LinearAdd(x, _weight, bias, plain).eq(Few(x, bias, plain)).all().item<bool>();
    }

    private Tensor Few(Tensor x, Tensor? bias, Tensor? added)
    {
        var result = empty(x.size(0), _outputs, x.dtype, x.device);
        RowKernels.Run(x.dtype, _outputs / TileProduct.Columns, (long)TileProduct.Columns * _inputs, new PanelKernel(
            this, Aten.Data(x), x.stride(0), (int)x.size(0), bias is null ? 0 : Aten.Data(bias), added is null ? 0 : Aten.Data(added),
            Aten.Data(result)));
        GC.KeepAlive(x);
        GC.KeepAlive(bias);
        GC.KeepAlive(added);
        GC.KeepAlive(this);
        return result;
    }

    /// <summary>64 outputs of every row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Panel<T, TLanes>(int panel, T* x, long stride, int rows, T* bias, T* added, T* result)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var weights = (T*)_data + ((long)panel * Up(_inputs) * TileProduct.Columns);
        var sums = stackalloc float[MostRows * TileProduct.Columns];
        var isFirst = true;
        foreach (var count in _stretches)
        {
            if (typeof(T) == typeof(float) && rows > TileProduct.Rows)
            {
                MultiplyMore((float*)x, stride, rows, (float*)weights, count, sums, !isFirst);
            }
            else if (typeof(T) == typeof(float))
            {
                TileProduct.Multiply(
                    (float*)x, stride, rows, (float*)weights, TileProduct.Columns, count, sums, TileProduct.Columns, !isFirst);
            }
            else
            {
                TileProduct.Multiply((ushort*)x, stride, rows, (ushort*)weights, count, sums, !isFirst);
            }

            x += count;
            weights += (long)count * TileProduct.Columns;
            isFirst = false;
        }

        for (var row = 0; row < rows; row++)
        {
            var at = (row * (long)_outputs) + (panel * TileProduct.Columns);
            for (var i = 0; i < TileProduct.Columns; i += Lanes.Count, at += Lanes.Count)
            {
                var (a, b) = Float32Lanes.Load(sums + (row * TileProduct.Columns) + i);
                if (bias is not null)
                {
                    var (p, q) = TLanes.Load(bias + (panel * TileProduct.Columns) + i);
                    (a, b) = (a + p, b + q);
                }

                if (added is not null)
                {
                    var (p, q) = TLanes.Load(added + at);
                    (a, b) = (a + p, b + q);
                }

                TLanes.Store(result + at, a, b);
            }
        }
    }

    /// <summary>More rows than a tile has: each part of the weight comes from memory once, and the next is fetched while this is worked
    /// on.</summary>
    private static void MultiplyMore(float* x, long stride, int rows, float* weights, int count, float* sums, bool add)
    {
        var fresh = stackalloc float[MostRows * TileProduct.Columns];
        var target = add ? fresh : sums;
        var tiles = (rows + TileProduct.TallRows - 1) / TileProduct.TallRows;
        for (var first = 0; first < count; first += InputsAtOnce)
        {
            var inputs = Math.Min(InputsAtOnce, count - first);
            for (var tile = 0; tile < tiles; tile++)
            {
                var row = rows * tile / tiles;
                var tall = (rows * (tile + 1) / tiles) - row;
                for (var column = 0; column < TileProduct.Columns; column += Lanes.Count)
                {
                    TileProduct.Continue(
                        x + (row * stride) + first, stride, tall, weights + ((long)first * TileProduct.Columns) + column, inputs,
                        target + (row * TileProduct.Columns) + column, goOn: first > 0);
                }
            }
        }

        for (var i = 0; add && i < rows * TileProduct.Columns; i += Lanes.Count)
        {
            var ((a, b), (p, q)) = (Float32Lanes.Load(fresh + i), Float32Lanes.Load(sums + i));
            Float32Lanes.Store(sums + i, a + p, b + q);
        }
    }

    /// <summary>A row of this kernel is a panel of 64 outputs.</summary>
    private readonly struct PanelKernel(PrepackedWeight weight, nint x, long stride, int rows, nint bias, nint added, nint result)
        : IRowKernel
    {
        public void Run<T, TLanes>(long first, long count)
            where T : unmanaged
            where TLanes : struct, ILanes<T>
        {
            for (var panel = first; panel < first + count; panel++)
            {
                weight.Panel<T, TLanes>((int)panel, (T*)x, stride, rows, (T*)bias, (T*)added, (T*)result);
            }
        }
    }
}
