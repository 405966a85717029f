using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>A cell of a board of 4 × 4, called A1 to D4: a letter for the column from the left, a digit for the row from the top.</summary>
internal readonly record struct Cell(int Column, int Row)
{
    public const int BoardSide = 4;

    public const int Count = BoardSide * BoardSide;

    /// <summary>Along each side of a cell.</summary>
    public const int Pixels = 28;

    public static Cell Number(int number) => new(number % BoardSide, number / BoardSide);

    /// <summary>Different ones, in random order.</summary>
    public static Cell[] Draw(int count, SplitMix64 random)
    {
        var all = Enumerable.Range(0, Count).ToArray();
        random.Shuffle<int>(all);
        return [.. all[..count].Select(Number)];
    }

    /// <summary>Whether the two share an edge or a corner.</summary>
    public bool IsBeside(Cell other) => this != other && Math.Abs(Column - other.Column) <= 1 && Math.Abs(Row - other.Row) <= 1;

    /// <summary>The cells that share an edge or a corner with this one.</summary>
    public IEnumerable<Cell> Beside()
    {
        var cell = this;
        return Enumerable.Range(0, Count).Select(Number).Where(cell.IsBeside);
    }

    public override string ToString() => $"{(char)('A' + Column)}{Row + 1}";
}
