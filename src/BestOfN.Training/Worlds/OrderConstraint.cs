namespace BestOfN.Training.Worlds;

/// <summary>One thing that is known about a line of items.</summary>
internal abstract record OrderConstraint
{
    public abstract bool Holds(ReadOnlySpan<char> line);

    public sealed record Before(char Item, char Later) : OrderConstraint
    {
        public override bool Holds(ReadOnlySpan<char> line) => line.IndexOf(Item) < line.IndexOf(Later);

        public override string ToString() => $"{Item} before {Later}";
    }

    public sealed record RightAfter(char Item, char Previous) : OrderConstraint
    {
        public override bool Holds(ReadOnlySpan<char> line) => line.IndexOf(Item) == line.IndexOf(Previous) + 1;

        public override string ToString() => $"{Item} right after {Previous}";
    }

    public sealed record First(char Item) : OrderConstraint
    {
        public override bool Holds(ReadOnlySpan<char> line) => line[0] == Item;

        public override string ToString() => $"{Item} first";
    }

    public sealed record Last(char Item) : OrderConstraint
    {
        public override bool Holds(ReadOnlySpan<char> line) => line[^1] == Item;

        public override string ToString() => $"{Item} last";
    }
}
