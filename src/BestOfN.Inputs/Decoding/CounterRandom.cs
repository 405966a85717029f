namespace BestOfN.Inputs.Decoding;

/// <summary>Random numbers as a function of seed and counter, so that a sequence draws the same whatever else is in the batch.</summary>
/// <remarks>
/// SplitMix64's finaliser (Steele et al. 2014, https://doi.org/10.1145/2714064.2660195) over a seed that went through it too: neighbouring
/// seeds share nothing.
/// </remarks>
internal static class CounterRandom
{
    private const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>In [0, 1 - 2^-24], a multiple of 2^-24: exact in float32, and times any float32 total it stays below that total.</summary>
    public static float Uniform(long seed, int counter) => (Bits(seed, counter) >> 40) * (1f / (1 << 24));

    /// <summary>A seed of its own for each of many children.</summary>
    public static long Derive(long seed, int child) => (long)Bits(~seed, child);

    private static ulong Bits(long seed, int counter) => Mix(Mix((ulong)seed + Increment) + ((ulong)counter * Increment));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
