using BestOfN.Models.Pictures;

namespace BestOfN.Training.Worlds;

/// <summary>In which cell is a symbol of a colour? At half size only the colours are left, and a guess is right once in five.</summary>
internal sealed class PositionProblem : ImageProblem
{
    private const int SameColour = 5;
    private const int OtherColours = 4;

    public override ProblemFamily Family => ProblemFamily.Position;

    /// <summary>The tile that is asked about comes first, then the others of its colour.</summary>
    public required IReadOnlyList<(Cell Cell, NamedColour Colour, int Symbol)> Tiles { get; init; }

    internal override string Content =>
        $"position {string.Join(' ', Tiles.Skip(1).Select(Name).Order(StringComparer.Ordinal).Prepend(Name(Tiles[0])))}";

    public static PositionProblem Draw(SplitMix64 random)
    {
        var cells = Enumerable.Range(0, Cell.Count).ToArray();
        random.Shuffle<int>(cells);
        var colours = NamedColour.Draw(3, random);
        var asked = random.Below(Glyph.Symbols.Count);
        var tiles = Enumerable.Range(0, SameColour + OtherColours).Select(i => (
            Cell.Number(cells[i]),
            i < SameColour ? colours[0] : colours[1 + random.Below(2)],
            i == 0 ? asked
                : i < SameColour ? (asked + 1 + random.Below(Glyph.Symbols.Count - 1)) % Glyph.Symbols.Count
                : random.Below(Glyph.Symbols.Count))).ToArray();
        var name = $"{colours[0].Name} {Glyph.Symbols[asked].Name}";
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"Where is the {name}?",
                1 => $"In which cell is the {name}?",
                _ => $"Find the {name}.",
            },
            Solution = $"{tiles[0].Item1}",
            Tiles = tiles,
        };
    }

    internal override string Guess(SplitMix64 random) => random.Below(4) == 0
        ? $"{Cell.Number(random.Below(Cell.Count))}"
        : $"{Tiles[random.Below(random.Below(3) == 0 ? Tiles.Count : SameColour)].Cell}";

    private protected override int? FlawAt(string answer) => FirstDifference(answer, Solution);

    private protected override IReadOnlyList<Picture> Draw()
    {
        var canvas = new Canvas(Side, Side);
        for (var line = 1; line < Cell.BoardSide; line++)
        {
            canvas.Fill(0, (line * Cell.Pixels) - 1, Side, 2, Ink.Line);
            canvas.Fill((line * Cell.Pixels) - 1, 0, 2, Side, Ink.Line);
        }

        foreach (var (cell, colour, symbol) in Tiles)
        {
            var (left, top) = (cell.Column * Cell.Pixels, cell.Row * Cell.Pixels);
            canvas.Fill(left + 2, top + 2, Cell.Pixels - 4, Cell.Pixels - 4, colour.Ink);
            canvas.Fill(left + 6, top + 6, Cell.Pixels - 12, Cell.Pixels - 12, Ink.Panel);
            canvas.Draw(Glyph.Symbols[symbol].Glyph, left + 8, top + 8, 2, Ink.Fine);
        }

        return [canvas.ToPicture()];
    }

    private static string Name((Cell Cell, NamedColour Colour, int Symbol) tile) =>
        $"{tile.Cell}-{tile.Colour.Name}-{Glyph.Symbols[tile.Symbol].Name}";
}
