namespace BestOfN.Training.Worlds;

/// <summary>An endless, verifiable source of small questions. Thread-safe; the same on every platform.</summary>
public interface IPocketWorld
{
    /// <summary>What a recipe or a command line calls it.</summary>
    string Name { get; }

    /// <summary>The problem number <paramref name="index"/> of the stream <paramref name="seed"/>. No problem of one split is ever drawn in the other, under any seed.</summary>
    Problem Draw(ulong seed, long index, Split split);
}
