namespace BestOfN.Data.Worlds;

/// <summary>How hard the pocket text world is.</summary>
public sealed record PocketTextWorldOptions
{
    /// <summary>Numbers listed in a pair question, 3..20. A random guess is correct once in n(n-1)/2 times.</summary>
    public int PairNumbers { get; init; } = 6;

    /// <summary>Largest number of a pair question, 2 × <see cref="PairNumbers"/> .. 99.</summary>
    public int PairMaximum { get; init; } = 30;

    /// <summary>Places on the map of a route question, 5..10.</summary>
    public int RoutePlaces { get; init; } = 8;

    /// <summary>One-way streets of a route question, 6..20.</summary>
    public int RouteStreets { get; init; } = 12;

    /// <summary>Items to line up, 3..8. A random guess is correct about once in 2^<see cref="OrderConditions"/> times.</summary>
    public int OrderItems { get; init; } = 6;

    /// <summary>Conditions on the line, 2..n(n-1)/2.</summary>
    public int OrderConditions { get; init; } = 6;

    internal void Validate()
    {
        Require(PairNumbers, 3, 20, nameof(PairNumbers));
        Require(PairMaximum, 2 * PairNumbers, 99, nameof(PairMaximum));
        Require(RoutePlaces, 5, 10, nameof(RoutePlaces));
        Require(RouteStreets, 6, 20, nameof(RouteStreets));
        Require(OrderItems, 3, 8, nameof(OrderItems));
        Require(OrderConditions, 2, OrderItems * (OrderItems - 1) / 2, nameof(OrderConditions));
    }

    private static void Require(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must lie in {minimum}..{maximum}.");
        }
    }
}
