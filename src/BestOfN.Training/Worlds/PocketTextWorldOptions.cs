namespace BestOfN.Training.Worlds;

/// <summary>How hard the pocket text world is.</summary>
public sealed record PocketTextWorldOptions
{
    /// <summary>Numbers listed in a pair question, 3..20. A blind guess is right once in n(n-1)/2.</summary>
    public int PairNumbers { get; init; } = 6;

    /// <summary>Largest number of a pair question, 2 × <see cref="PairNumbers"/> .. 999.</summary>
    public int PairMaximum { get; init; } = 60;

    /// <summary>Numbers in a target question, 2..8. A blind guess is right once in 2^(n-1).</summary>
    public int TargetNumbers { get; init; } = 4;

    /// <summary>Largest number of a target question, 4..999.</summary>
    public int TargetMaximum { get; init; } = 20;

    /// <summary>No running value of a target question's solution leaves 0..this; at least <see cref="TargetMaximum"/>, at most 9999.</summary>
    public int TargetRunningMaximum { get; init; } = 99;

    /// <summary>Items to line up, 3..7. A blind guess is right once in n!.</summary>
    public int OrderItems { get; init; } = 5;

    internal void Validate()
    {
        Require(PairNumbers, 3, 20, nameof(PairNumbers));
        Require(PairMaximum, 2 * PairNumbers, 999, nameof(PairMaximum));
        Require(TargetNumbers, 2, 8, nameof(TargetNumbers));
        Require(TargetMaximum, 4, 999, nameof(TargetMaximum));
        Require(TargetRunningMaximum, TargetMaximum, 9999, nameof(TargetRunningMaximum));
        Require(OrderItems, 3, 7, nameof(OrderItems));
    }

    private static void Require(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in {minimum}..{maximum}.");
        }
    }
}
