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

    /// <summary>
    /// 2 to the power of x, for x up to 127, within one unit in the last place; x is taken as -126 where it is less. NaN stays NaN.
    /// </summary>
    /// <remarks>
    /// 2ⁿ · 2ʳ with n = round(x); the polynomial is the one of degree 6, exact at 0, whose largest relative error for |r| ≤ ½ is the least
    /// (2e-9). The platform's own exponential takes float64 within, at several times the price.
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
