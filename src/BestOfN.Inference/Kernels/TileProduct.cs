using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace BestOfN.Inference.Kernels;

/// <summary>Products of a few rows by 64 columns, held in registers of 16 numbers.</summary>
/// <remarks>A row's numbers are added one after the other from the first on, whatever the other rows are.</remarks>
internal static unsafe class TileProduct
{
    public const int Rows = 6;
    public const int TallRows = 8;
    public const int PairRows = 4;
    public const int Columns = 64;

    /// <summary>y = x · m, or y += x · m, in float32.</summary>
    /// <param name="x">1..6 rows of n numbers.</param>
    /// <param name="xStride">From a row of x to the next.</param>
    /// <param name="rows">Rows of x and y.</param>
    /// <param name="m">n rows of 64 numbers.</param>
    /// <param name="mStride">From a row of m to the next.</param>
    /// <param name="n">How many are added up.</param>
    /// <param name="y">As many rows as x has, of 64 numbers.</param>
    /// <param name="yStride">From a row of y to the next.</param>
    /// <param name="add">Whether to add to what is there; the sum over n is added as one number.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* x, long xStride, int rows, float* m, long mStride, int n, float* y, long yStride, bool add)
    {
        // In the place of a missing row the last one is worked on again: reading m takes longer than all six.
        float* b = Row(x, xStride, rows, 1), c = Row(x, xStride, rows, 2), d = Row(x, xStride, rows, 3), e = Row(x, xStride, rows, 4),
            f = Row(x, xStride, rows, 5);
        Sums sa = default, sb = default, sc = default, sd = default, se = default, sf = default;
        for (var i = 0; i < n; i++, m += mStride)
        {
            var columns = Sums.Load(m);
            sa = sa.Plus(x[i], columns);
            sb = sb.Plus(b[i], columns);
            sc = sc.Plus(c[i], columns);
            sd = sd.Plus(d[i], columns);
            se = se.Plus(e[i], columns);
            sf = sf.Plus(f[i], columns);
        }

        sa.Store(y, 0, rows, yStride, add);
        sb.Store(y, 1, rows, yStride, add);
        sc.Store(y, 2, rows, yStride, add);
        sd.Store(y, 3, rows, yStride, add);
        se.Store(y, 4, rows, yStride, add);
        sf.Store(y, 5, rows, yStride, add);
    }

    /// <summary>
    /// For more rows than <see cref="Multiply(float*, long, int, float*, long, int, float*, long, bool)"/>, a half of the columns at a
    /// time: goes on with the sums in y.
    /// </summary>
    /// <param name="x">1..8 rows of n numbers.</param>
    /// <param name="xStride">From a row of x to the next.</param>
    /// <param name="rows">Rows of x and y.</param>
    /// <param name="m">32 of the 64 numbers of n adjacent rows. As many rows behind them are fetched meanwhile, as far as these columns
    /// go.</param>
    /// <param name="n">How many are added, one by one.</param>
    /// <param name="y">As many rows as x has, 64 numbers from one to the next, of which 32 are worked on.</param>
    /// <param name="goOn">False: y begins as 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Continue(float* x, long xStride, int rows, float* m, int n, float* y, bool goOn)
    {
        float* xb = Row(x, xStride, rows, 1), xc = Row(x, xStride, rows, 2), xd = Row(x, xStride, rows, 3), xe = Row(x, xStride, rows, 4),
            xf = Row(x, xStride, rows, 5), xg = Row(x, xStride, rows, 6), xh = Row(x, xStride, rows, 7);
        float* yb = Row(y, Columns, rows, 1), yc = Row(y, Columns, rows, 2), yd = Row(y, Columns, rows, 3), ye = Row(y, Columns, rows, 4),
            yf = Row(y, Columns, rows, 5), yg = Row(y, Columns, rows, 6), yh = Row(y, Columns, rows, 7);
        HalfSums a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        if (goOn)
        {
            a = HalfSums.Load(y);
            b = HalfSums.Load(yb);
            c = HalfSums.Load(yc);
            d = HalfSums.Load(yd);
            e = HalfSums.Load(ye);
            f = HalfSums.Load(yf);
            g = HalfSums.Load(yg);
            h = HalfSums.Load(yh);
        }

        var ahead = m + ((long)n * Columns);
        for (var i = 0; i < n; i++, m += Columns, ahead += Columns)
        {
            Sse.Prefetch1(ahead);
            Sse.Prefetch1(ahead + 16);
            var columns = HalfSums.Load(m);
            a = a.Plus(x[i], columns);
            b = b.Plus(xb[i], columns);
            c = c.Plus(xc[i], columns);
            d = d.Plus(xd[i], columns);
            e = e.Plus(xe[i], columns);
            f = f.Plus(xf[i], columns);
            g = g.Plus(xg[i], columns);
            h = h.Plus(xh[i], columns);
        }

        h.Store(yh);
        g.Store(yg);
        f.Store(yf);
        e.Store(ye);
        d.Store(yd);
        c.Store(yc);
        b.Store(yb);
        a.Store(y);
    }

    /// <summary>
    /// As <see cref="Multiply(float*, long, int, float*, long, int, float*, long, bool)"/> for bfloat16, whose pairs are read as one: for
    /// 1..4 rows, even n.
    /// </summary>
    /// <param name="x">1..4 rows of n numbers.</param>
    /// <param name="xStride">From a row of x to the next.</param>
    /// <param name="rows">Rows of x and y.</param>
    /// <param name="m">n / 2 rows of 64 pairs: what an even number of x meets, and what the odd one behind it meets. The odd number of a
    /// pair is added first, as the hardware's own product does.</param>
    /// <param name="n">How many are added up.</param>
    /// <param name="y">As many rows as x has, of 64 float32 numbers, adjacent.</param>
    /// <param name="add">Whether to add to what is there.</param>
    public static void Multiply(ushort* x, long xStride, int rows, ushort* m, int n, float* y, bool add)
    {
        if (rows <= 2)
        {
            MultiplyTwo(x, xStride, rows, m, n, y, add);
        }
        else
        {
            MultiplyFour(x, xStride, rows, m, n, y, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyTwo(ushort* x, long xStride, int rows, ushort* m, int n, float* y, bool add)
    {
        var b = Row(x, xStride, rows, 1);
        Sums sa = default, sb = default;
        for (var i = 0; i < n; i += 2, m += 2 * Columns)
        {
            var (even, odd) = Sums.Split(m);
            sa = sa.Plus(BFloat16Lanes.Get(x + i + 1), odd).Plus(BFloat16Lanes.Get(x + i), even);
            sb = sb.Plus(BFloat16Lanes.Get(b + i + 1), odd).Plus(BFloat16Lanes.Get(b + i), even);
        }

        sa.Store(y, 0, rows, Columns, add);
        sb.Store(y, 1, rows, Columns, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyFour(ushort* x, long xStride, int rows, ushort* m, int n, float* y, bool add)
    {
        ushort* b = Row(x, xStride, rows, 1), c = Row(x, xStride, rows, 2), d = Row(x, xStride, rows, 3);
        Sums sa = default, sb = default, sc = default, sd = default;
        for (var i = 0; i < n; i += 2, m += 2 * Columns)
        {
            var (even, odd) = Sums.Split(m);
            sa = sa.Plus(BFloat16Lanes.Get(x + i + 1), odd).Plus(BFloat16Lanes.Get(x + i), even);
            sb = sb.Plus(BFloat16Lanes.Get(b + i + 1), odd).Plus(BFloat16Lanes.Get(b + i), even);
            sc = sc.Plus(BFloat16Lanes.Get(c + i + 1), odd).Plus(BFloat16Lanes.Get(c + i), even);
            sd = sd.Plus(BFloat16Lanes.Get(d + i + 1), odd).Plus(BFloat16Lanes.Get(d + i), even);
        }

        sa.Store(y, 0, rows, Columns, add);
        sb.Store(y, 1, rows, Columns, add);
        sc.Store(y, 2, rows, Columns, add);
        sd.Store(y, 3, rows, Columns, add);
    }

    private static T* Row<T>(T* x, long stride, int rows, int row)
        where T : unmanaged => x + (Math.Min(row, rows - 1) * stride);

    /// <summary>64 numbers.</summary>
    private readonly struct Sums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        private readonly Vector512<float> _a = a, _b = b, _c = c, _d = d;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Sums Load(float* m) => new(Vector512.Load(m), Vector512.Load(m + 16), Vector512.Load(m + 32), Vector512.Load(m + 48));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (Sums Even, Sums Odd) Split(ushort* m)
        {
            var (a, p) = BFloat16Lanes.Split(m);
            var (b, q) = BFloat16Lanes.Split(m + 32);
            var (c, r) = BFloat16Lanes.Split(m + 64);
            var (d, s) = BFloat16Lanes.Split(m + 96);
            return (new(a, b, c, d), new(p, q, r, s));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Sums Plus(float x, Sums m)
        {
            var factor = Vector512.Create(x);
            return new(
                Vector512.FusedMultiplyAdd(factor, m._a, _a), Vector512.FusedMultiplyAdd(factor, m._b, _b),
                Vector512.FusedMultiplyAdd(factor, m._c, _c), Vector512.FusedMultiplyAdd(factor, m._d, _d));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(float* y, int row, int rows, long stride, bool add)
        {
            if (row >= rows)
            {
                return;
            }

            y += row * stride;
            var (a, b, c, d) = (_a, _b, _c, _d);
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

    /// <summary>32 numbers.</summary>
    private readonly struct HalfSums(Vector512<float> a, Vector512<float> b)
    {
        private readonly Vector512<float> _a = a, _b = b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static HalfSums Load(float* m) => new(Vector512.Load(m), Vector512.Load(m + 16));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public HalfSums Plus(float x, HalfSums m)
        {
            var factor = Vector512.Create(x);
            return new(Vector512.FusedMultiplyAdd(factor, m._a, _a), Vector512.FusedMultiplyAdd(factor, m._b, _b));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(float* y)
        {
            _a.Store(y);
            _b.Store(y + 16);
        }
    }
}
