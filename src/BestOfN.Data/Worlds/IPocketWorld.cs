namespace BestOfN.Data.Worlds;

/// <summary>An endless, verifiable source of small questions. Thread-safe; the same on every platform.</summary>
public interface IPocketWorld
{
    /// <summary>Name in recipes and on the command line.</summary>
    string Name { get; }

    /// <summary>The families of its problems.</summary>
    IReadOnlyList<ProblemFamily> Families { get; }

    /// <summary>The problem number <paramref name="index"/> of the stream <paramref name="seed"/>. No problem of one split is ever drawn in
    /// the other, under any seed.</summary>
    /// <param name="seed">Names the stream.</param>
    /// <param name="index">Names the problem.</param>
    /// <param name="split">The split it is drawn from.</param>
    /// <param name="family">The only one of <see cref="Families"/> that is wanted; null: all, equally often.</param>
    Problem Draw(ulong seed, long index, Split split, ProblemFamily? family = null);
}
