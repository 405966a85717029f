namespace BestOfN.Data.Sampling;

/// <summary>A random stream that is the same on every platform and in every version of .NET.</summary>
/// <remarks>Source: Steele, Lea, Flood 2014, https://doi.org/10.1145/2660193.2660195.</remarks>
internal sealed class SplitMix64
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private ulong _state;

    /// <param name="keys">Every combination names a stream of its own.</param>
    public SplitMix64(params ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            _state = Mix((_state + GoldenGamma) ^ Mix(key));
        }
    }

    public ulong Next() => Mix(_state += GoldenGamma);

    /// <summary>Uniform in 0..<paramref name="bound"/>-1 (bias below 2^-32).</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Spreads a value over all 64 bits; a bijection.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
