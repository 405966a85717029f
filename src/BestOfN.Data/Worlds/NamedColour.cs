using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>A colour that questions name.</summary>
internal sealed record NamedColour(string Name, Ink Ink)
{
    public static readonly IReadOnlyList<NamedColour> All =
    [
        new("red", Ink.Solid(0xDC2828)),
        new("green", Ink.Solid(0x28AA3C)),
        new("blue", Ink.Solid(0x2850DC)),
        new("yellow", Ink.Solid(0xF5D21E)),
        new("purple", Ink.Solid(0x9632BE)),
        new("orange", Ink.Solid(0xFA821E)),
    ];

    /// <summary>Draws different colours in random order.</summary>
    public static NamedColour[] Draw(int count, SplitMix64 random)
    {
        var all = All.ToArray();
        random.Shuffle<NamedColour>(all);
        return all[..count];
    }
}
