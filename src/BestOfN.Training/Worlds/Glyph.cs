namespace BestOfN.Training.Worlds;

/// <summary>A small shape of dots: a digit or a symbol.</summary>
internal sealed class Glyph
{
    private readonly string[] _rows;

    private Glyph(params string[] rows) => _rows = rows;

    public static IReadOnlyList<Glyph> Digits { get; } =
    [
        new(".###.", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
        new("..#..", ".##..", "..#..", "..#..", "..#..", "..#..", ".###."),
        new(".###.", "#...#", "....#", "..##.", ".#...", "#....", "#####"),
        new("####.", "....#", "....#", ".###.", "....#", "....#", "####."),
        new("...#.", "..##.", ".#.#.", "#..#.", "#####", "...#.", "...#."),
        new("#####", "#....", "####.", "....#", "....#", "#...#", ".###."),
        new(".###.", "#....", "#....", "####.", "#...#", "#...#", ".###."),
        new("#####", "....#", "...#.", "...#.", "..#..", "..#..", "..#.."),
        new(".###.", "#...#", "#...#", ".###.", "#...#", "#...#", ".###."),
        new(".###.", "#...#", "#...#", ".####", "....#", "....#", ".###."),
    ];

    /// <summary>Symbols of 6 × 6 dots by name.</summary>
    public static IReadOnlyList<(string Name, Glyph Glyph)> Symbols { get; } =
    [
        ("cross", new("#....#", ".#..#.", "..##..", "..##..", ".#..#.", "#....#")),
        ("plus", new("..##..", "..##..", "######", "######", "..##..", "..##..")),
        ("square", new("######", "#....#", "#....#", "#....#", "#....#", "######")),
        ("diamond", new("..##..", ".####.", "######", "######", ".####.", "..##..")),
        ("triangle", new("#.....", "##....", "###...", "####..", "#####.", "######")),
        ("ladder", new("######", "......", "######", "######", "......", "######")),
    ];

    public int Width => _rows[0].Length;

    public int Height => _rows.Length;

    public bool this[int x, int y] => _rows[y][x] == '#';
}
