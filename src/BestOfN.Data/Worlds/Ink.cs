namespace BestOfN.Data.Worlds;

/// <summary>The colour of a shape: one colour, or two that alternate like the squares of a chess board.</summary>
/// <param name="Even">0xRRGGBB, where the sum of both coordinates is even.</param>
/// <param name="Odd">0xRRGGBB, elsewhere.</param>
internal readonly record struct Ink(int Even, int Odd)
{
    /// <summary>What <see cref="Fine"/> is printed on.</summary>
    public static readonly Ink Panel = Solid(0x808080);

    /// <summary>Dark and light dots whose mean is <see cref="Panel"/>: plain to see at full size, gone at half size, where every pixel is
    /// the mean of such dots.</summary>
    public static readonly Ink Fine = new(0x202020, 0xE0E0E0);

    public static readonly Ink Black = Solid(0x000000);

    public static readonly Ink Line = Solid(0xD0D0D0);

    public static Ink Solid(int colour) => new(colour, colour);
}
