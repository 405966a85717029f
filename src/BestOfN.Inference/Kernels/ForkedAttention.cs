using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>
/// Attention of one decode step on a CPU, float32 or bfloat16: forks of prompts, each of which sees its prompt and what it added itself.
/// </summary>
/// <remarks>
/// Tensor operations for a few queries cost more than the work they do, and oneDNN would compile products anew at every step, since own
/// keys grow. Keys lie in blocks of 32, transposed, so that a register holds one number of many keys and memory is read in order; six
/// queries share what is loaded. All is computed in float32, in the same order whoever else is in the batch. G prompts, P longest prompt, R
/// rows, H query heads, K key/value heads, g = H/K, D head size, C room for own tokens; P' = P/32 and C' = C/32 blocks and D' are rounded
/// up (<see cref="Lanes"/>).
/// </remarks>
internal static unsafe class ForkedAttention
{
    // Queries that share a load.
    private const int LargeBlock = 6;
    private const int SmallBlock = 3;

    // Rows of a piece of work: any number of heads times this is full blocks.
    private const int RowsAtOnce = 6;

    /// <summary>Keeps the new keys and values, and attends.</summary>
    /// <param name="forks">Which rows continue which prompt.</param>
    /// <param name="q">[R, H, D], heads adjacent.</param>
    /// <param name="k">Keys of the new tokens, [R, K, D], heads adjacent.</param>
    /// <param name="v">Values of the new tokens, [R, K, D], heads adjacent.</param>
    /// <param name="prompt">Keys [G, K, P', D, 32] and values [G, K, P, D'].</param>
    /// <param name="own">Keys [R, K, C', D, 32] and values [R, K, C, D'].</param>
    /// <param name="length">Own tokens, the new one included.</param>
    /// <returns>[R, H, D].</returns>
    public static Tensor Attend(
        IReadOnlyList<Fork> forks, Tensor q, Tensor k, Tensor v, (Tensor Keys, Tensor Values) prompt, (Tensor Keys, Tensor Values) own,
        int length)
    {
        var result = empty(q.size(0), q.size(1), q.size(2), q.dtype, q.device);
        if (q.dtype == ScalarType.Float32)
        {
            Run(new Step<float, Float32Lanes>(q, k, v, prompt, own, length, result), forks);
        }
        else
        {
            Run(new Step<ushort, BFloat16Lanes>(q, k, v, prompt, own, length, result), forks);
        }

        foreach (var read in (ReadOnlySpan<Tensor>)[q, k, v, prompt.Keys, prompt.Values, own.Keys, own.Values])
        {
            GC.KeepAlive(read);
        }

        return result;
    }

    private static void Run<T, TLanes>(Step<T, TLanes> step, IReadOnlyList<Fork> forks)
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        var pieces = new List<(Fork Fork, int Head)>();
        foreach (var fork in forks)
        {
            // One head after the other, so that what is read for some rows is near for the next.
            for (var head = 0; head < step.KeyHeads; head++)
            {
                for (var row = 0; row < fork.Rows; row += RowsAtOnce)
                {
                    pieces.Add((fork with { Row = fork.Row + row, Rows = Math.Min(RowsAtOnce, fork.Rows - row) }, head));
                }
            }
        }

        TorchThreads.Run(pieces.Count, i => step.Attend(pieces[i].Fork, pieces[i].Head));
    }

    /// <summary>Adjacent rows that continue one prompt.</summary>
    /// <param name="Prompt">Its number.</param>
    /// <param name="Length">Its tokens.</param>
    /// <param name="Row">The first row.</param>
    /// <param name="Rows">How many.</param>
    internal readonly record struct Fork(int Prompt, int Length, int Row, int Rows);

    private sealed class Step<T, TLanes>
        where T : unmanaged
        where TLanes : struct, ILanes<T>
    {
        private readonly T* _q, _k, _v, _promptKeys, _promptValues, _ownKeys, _ownValues, _result;
        private readonly int _qStride, _kStride, _vStride, _heads, _groups, _size, _wide, _promptKeyRoom, _promptRoom, _ownKeyRoom,
            _ownRoom, _length;

        public Step(
            Tensor q, Tensor k, Tensor v, (Tensor Keys, Tensor Values) prompt, (Tensor Keys, Tensor Values) own, int length, Tensor result)
        {
            _q = (T*)Aten.Data(q);
            _k = (T*)Aten.Data(k);
            _v = (T*)Aten.Data(v);
            _result = (T*)Aten.Data(result);
            _promptKeys = (T*)Aten.Data(prompt.Keys);
            _promptValues = (T*)Aten.Data(prompt.Values);
            _ownKeys = (T*)Aten.Data(own.Keys);
            _ownValues = (T*)Aten.Data(own.Values);
            (_qStride, _kStride, _vStride) = ((int)q.stride(0), (int)k.stride(0), (int)v.stride(0));
            (_heads, KeyHeads, _size) = ((int)q.size(1), (int)k.size(1), (int)q.size(2));
            (_promptKeyRoom, _promptRoom, _ownKeyRoom, _ownRoom) =
                (Room(prompt.Keys), (int)prompt.Values.size(2), Room(own.Keys), (int)own.Values.size(2));
            (_groups, _wide, _length) = (_heads / KeyHeads, (int)own.Values.size(3), length);
        }

        public int KeyHeads { get; }

        /// <summary>The queries of some rows that look at one key head.</summary>
        public void Attend(Fork fork, int head)
        {
            var count = fork.Rows * _groups;
            var room = Lanes.Up(fork.Length) + Lanes.Up(_length);
            var memory = ArrayPool<float>.Shared.Rent(count * (_size + room + _wide));
            fixed (float* queries = memory)
            {
                var scores = queries + (count * _size);
                var met = scores + (count * room);
                ReadQueries(fork, head, queries);
                KeepNew(fork, head);
                var promptKeys = _promptKeys + ((((long)fork.Prompt * KeyHeads) + head) * _size * _promptKeyRoom);
                Score(queries, count, promptKeys, fork.Length, scores, room);
                for (var i = 0; i < fork.Rows; i++)
                {
                    Score(
                        queries + (i * _groups * _size), _groups, OwnKeys(fork.Row + i, head), _length,
                        scores + (i * _groups * room) + Lanes.Up(fork.Length), room);
                }

                // One softmax over prefix and suffix; padding between them is −∞. The output is normalized, not the weights.
                var shares = stackalloc float[count];
                for (var i = 0; i < count; i++)
                {
                    new Span<float>(scores + (i * room) + fork.Length, Lanes.Up(fork.Length) - fork.Length).Fill(float.NegativeInfinity);
                    shares[i] = 1 / RowKernels.SoftmaxNumerators<float, Float32Lanes>(
                        scores + (i * room), Lanes.Up(fork.Length) + _length, 1).Sum;
                }

                var promptValues = _promptValues + ((((long)fork.Prompt * KeyHeads) + head) * _promptRoom * _wide);
                Gather(scores, room, count, promptValues, fork.Length, met, add: false);
                for (var i = 0; i < fork.Rows; i++)
                {
                    Gather(
                        scores + (i * _groups * room) + Lanes.Up(fork.Length), room, _groups, OwnValues(fork.Row + i, head), _length,
                        met + (i * _groups * _wide),
                        add: true);
                }

                WriteResult(fork, head, met, shares);
            }

            ArrayPool<float>.Shared.Return(memory);
        }

        private T* OwnKeys(int row, int head) => _ownKeys + ((((long)row * KeyHeads) + head) * _size * _ownKeyRoom);

        private T* OwnValues(int row, int head) => _ownValues + ((((long)row * KeyHeads) + head) * _ownRoom * _wide);

        private static int Room(Tensor keys) => (int)keys.size(2) * Lanes.Count;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void ReadQueries(Fork fork, int head, float* queries)
        {
            var scale = 1 / MathF.Sqrt(_size);
            for (var i = 0; i < fork.Rows; i++)
            {
                var from = _q + ((long)(fork.Row + i) * _qStride) + (head * _groups * _size);
                for (var j = 0; j < _groups * _size; j++)
                {
                    *queries++ = TLanes.Get(from + j) * scale;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void KeepNew(Fork fork, int head)
        {
            for (var i = 0; i < fork.Rows; i++)
            {
                var row = fork.Row + i;
                var k = _k + ((long)row * _kStride) + (head * _size);
                var v = _v + ((long)row * _vStride) + (head * _size);
                var (block, lane) = Math.DivRem(_length - 1, Lanes.Count);
                var keys = OwnKeys(row, head) + ((long)block * _size * Lanes.Count) + lane;
                var values = OwnValues(row, head) + ((long)(_length - 1) * _wide);
                for (var d = 0; d < _size; d++)
                {
                    keys[d * Lanes.Count] = k[d];
                    values[d] = v[d];
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void WriteResult(Fork fork, int head, float* met, float* shares)
        {
            for (var i = 0; i < fork.Rows; i++)
            {
                var to = _result + ((((long)(fork.Row + i) * _heads) + (head * _groups)) * _size);
                for (var j = 0; j < _groups; j++, to += _size, met += _wide, shares++)
                {
                    for (var d = 0; d < _size; d++)
                    {
                        TLanes.Set(to + d, met[d] * *shares);
                    }
                }
            }
        }

        // scores[i, j] = queries[i] · keys[:, j]. Behind the last key they mean nothing.
        private void Score(float* queries, int count, T* keys, int length, float* scores, int room)
        {
            for (var j = 0; j < length; j += Lanes.Count)
            {
                Multiply(queries, _size, count, keys + ((long)j * _size), Lanes.Count, _size, scores + j, room, add: false);
            }
        }

        // met[i] = Σ shares[i, j] · values[j], or += that.
        private void Gather(float* shares, int room, int count, T* values, int length, float* met, bool add)
        {
            for (var d = 0; d < _wide; d += Lanes.Count)
            {
                Multiply(shares, room, count, values + d, _wide, length, met + d, _wide, add);
            }
        }

        /// <summary>y[i] = Σ x[i, t] · m[t], or y[i] += that, for 32 columns of m, some rows at a time.</summary>
        private static void Multiply(float* x, int xStride, int rows, T* m, int mStride, int count, float* y, int yStride, bool add)
        {
            var first = 0;
            for (; rows - first > SmallBlock; first += LargeBlock)
            {
                MultiplySix(x + (first * xStride), xStride, Math.Min(LargeBlock, rows - first), m, mStride, count, y + (first * yStride),
                    yStride, add);
            }

            if (first < rows)
            {
                MultiplyThree(x + (first * xStride), xStride, rows - first, m, mStride, count, y + (first * yStride), yStride, add);
            }
        }

        // Where there are fewer rows the last one is worked on again.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void MultiplySix(float* x, int xStride, int rows, T* m, int mStride, int count, float* y, int yStride, bool add)
        {
            var (i4, i5) = (Math.Min(4, rows - 1), Math.Min(5, rows - 1));
            float* x0 = x, x1 = x + xStride, x2 = x1 + xStride, x3 = x2 + xStride, x4 = x + (i4 * xStride), x5 = x + (i5 * xStride);
            float* y0 = y, y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride, y4 = y + (i4 * yStride), y5 = y + (i5 * yStride);
            var (a0, b0) = Begin(y0, add);
            var (a1, b1) = Begin(y1, add);
            var (a2, b2) = Begin(y2, add);
            var (a3, b3) = Begin(y3, add);
            var (a4, b4) = Begin(y4, add);
            var (a5, b5) = Begin(y5, add);
            for (var t = 0; t < count; t++, m += mStride)
            {
                var (a, b) = TLanes.Load(m);
                var factor = Vector512.Create(x0[t]);
                a0 = Vector512.FusedMultiplyAdd(factor, a, a0);
                b0 = Vector512.FusedMultiplyAdd(factor, b, b0);
                factor = Vector512.Create(x1[t]);
                a1 = Vector512.FusedMultiplyAdd(factor, a, a1);
                b1 = Vector512.FusedMultiplyAdd(factor, b, b1);
                factor = Vector512.Create(x2[t]);
                a2 = Vector512.FusedMultiplyAdd(factor, a, a2);
                b2 = Vector512.FusedMultiplyAdd(factor, b, b2);
                factor = Vector512.Create(x3[t]);
                a3 = Vector512.FusedMultiplyAdd(factor, a, a3);
                b3 = Vector512.FusedMultiplyAdd(factor, b, b3);
                factor = Vector512.Create(x4[t]);
                a4 = Vector512.FusedMultiplyAdd(factor, a, a4);
                b4 = Vector512.FusedMultiplyAdd(factor, b, b4);
                factor = Vector512.Create(x5[t]);
                a5 = Vector512.FusedMultiplyAdd(factor, a, a5);
                b5 = Vector512.FusedMultiplyAdd(factor, b, b5);
            }

            Float32Lanes.Store(y0, a0, b0);
            Float32Lanes.Store(y1, a1, b1);
            Float32Lanes.Store(y2, a2, b2);
            Float32Lanes.Store(y3, a3, b3);
            Float32Lanes.Store(y4, a4, b4);
            Float32Lanes.Store(y5, a5, b5);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static (Vector512<float> First, Vector512<float> Second) Begin(float* y, bool add) => add ? Float32Lanes.Load(y) : default;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void MultiplyThree(float* x, int xStride, int rows, T* m, int mStride, int count, float* y, int yStride, bool add)
        {
            var (i1, i2) = (Math.Min(1, rows - 1), Math.Min(2, rows - 1));
            float* x0 = x, x1 = x + (i1 * xStride), x2 = x + (i2 * xStride), y0 = y, y1 = y + (i1 * yStride), y2 = y + (i2 * yStride);
            var (a0, b0) = Begin(y0, add);
            var (a1, b1) = Begin(y1, add);
            var (a2, b2) = Begin(y2, add);
            for (var t = 0; t < count; t++, m += mStride)
            {
                var (a, b) = TLanes.Load(m);
                var factor = Vector512.Create(x0[t]);
                a0 = Vector512.FusedMultiplyAdd(factor, a, a0);
                b0 = Vector512.FusedMultiplyAdd(factor, b, b0);
                factor = Vector512.Create(x1[t]);
                a1 = Vector512.FusedMultiplyAdd(factor, a, a1);
                b1 = Vector512.FusedMultiplyAdd(factor, b, b1);
                factor = Vector512.Create(x2[t]);
                a2 = Vector512.FusedMultiplyAdd(factor, a, a2);
                b2 = Vector512.FusedMultiplyAdd(factor, b, b2);
            }

            Float32Lanes.Store(y0, a0, b0);
            Float32Lanes.Store(y1, a1, b1);
            Float32Lanes.Store(y2, a2, b2);
        }
    }
}
