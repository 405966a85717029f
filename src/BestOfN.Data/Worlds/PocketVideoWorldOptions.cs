namespace BestOfN.Data.Worlds;

/// <summary>How hard the pocket video world is.</summary>
public sealed record PocketVideoWorldOptions
{
    /// <summary>Frames with a number each, 3..8. A guess at the pair is right once in n(n-1)/2.</summary>
    public int SumFrames { get; init; } = 5;

    /// <summary>Largest number in a frame, 29..99; the smallest is 10.</summary>
    public int SumMaximum { get; init; } = 39;

    /// <summary>Frames with the ball, 3..8. With 6, a guess that starts at any cell and goes on to
    /// neighbouring cells is correct once in four times.</summary>
    public int OrderFrames { get; init; } = 6;

    internal void Validate()
    {
        Require(SumFrames, 3, 8, nameof(SumFrames));
        Require(SumMaximum, 29, 99, nameof(SumMaximum));
        Require(OrderFrames, 3, 8, nameof(OrderFrames));
    }

    private static void Require(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in {minimum}..{maximum}.");
        }
    }
}
