using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>Which of the labelled fields has a symbol? At half size only the labels can be
/// read; a guess is correct once in five times.</summary>
internal sealed class PositionProblem : ImageProblem
{
    private const int Count = 5;

    // The label fills the first patch of 14 pixels, the symbol the last.
    private const int Patch = 14;
    private const int Dot = 2;
    private const int LabelInset = 2;

    public override ProblemFamily Family => ProblemFamily.Position;

    /// <summary>All labels and all symbols are different. The field that is asked about comes first.</summary>
    public required IReadOnlyList<(Cell Cell, int Label, int Symbol)> Fields { get; init; }

    internal override string Content =>
        $"position {Glyph.Symbols[Fields[0].Symbol].Name}: "
            + $"{string.Join(' ', Fields.Select(f => $"{Name(f.Label)}-{f.Symbol}").Order(StringComparer.Ordinal))}";

    public static PositionProblem Draw(SplitMix64 random)
    {
        var cells = Cell.Draw(Count, random);
        var (labels, symbols) = (Enumerable.Range(0, Glyph.Letters.Count).ToArray(), Enumerable.Range(0, Glyph.Symbols.Count).ToArray());
        random.Shuffle<int>(labels);
        random.Shuffle<int>(symbols);
        return Ask([.. cells.Select((cell, i) => (cell, labels[i], symbols[i]))], random);
    }

    private protected override IEnumerable<SeenProblem> OtherQuestions(SplitMix64 random) =>
        Enumerable.Range(1, Count - 1).Select(i => Ask([Fields[i], .. Fields.Where((_, j) => j != i)], random));

    private static PositionProblem Ask(IReadOnlyList<(Cell Cell, int Label, int Symbol)> fields, SplitMix64 random)
    {
        var symbol = Glyph.Symbols[fields[0].Symbol].Name;
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"Where is the {symbol}?",
                1 => $"Which field has the {symbol}?",
                _ => $"Find the {symbol}.",
            },
            Solution = $"{Name(fields[0].Label)}",
            Fields = fields,
        };
    }

    internal override string Guess(SplitMix64 random) =>
        $"{Name(random.Below(4) == 0 ? random.Below(Glyph.Letters.Count) : Fields[random.Below(Count)].Label)}";

    internal override bool IsPlausible(string answer) => answer is [var letter] && letter >= Name(0) && letter < Name(Glyph.Letters.Count);

    private protected override int? FlawAt(string answer) => FirstDifference(answer, Solution);

    private protected override IReadOnlyList<Image> Draw()
    {
        var canvas = new Canvas(Side, Side);
        foreach (var (cell, label, symbol) in Fields)
        {
            var (left, top) = (cell.Column * Cell.Pixels, cell.Row * Cell.Pixels);
            canvas.Fill(left, top, Cell.Pixels, Cell.Pixels, Ink.Panel);
            canvas.Draw(Glyph.Letters[label], left + LabelInset, top, Dot, Ink.Black);
            canvas.Draw(Glyph.Symbols[symbol].Glyph, left + Patch, top + Patch, Dot, Ink.Fine);
        }

        return [canvas.ToPicture()];
    }

    private static char Name(int label) => (char)('A' + label);
}
