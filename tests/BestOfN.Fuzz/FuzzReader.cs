using BestOfN.Fuzz.Mutation;

namespace BestOfN.Fuzz;

/// <summary>A reader of files or messages that others made. Whatever it is given, it reads it or
/// says what is wrong, soon and with little memory.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Seeds">Sound inputs; cases are made of them.</param>
/// <param name="Mutate">Spoils an input.</param>
/// <param name="Read">Reads it; returns where that is refused as it should be.</param>
internal sealed record FuzzReader(string Name, Lazy<IReadOnlyList<byte[]>> Seeds, Mutator Mutate, Action<byte[]> Read)
{
    /// <summary>A case: the same for the same numbers.</summary>
    public byte[] Make(int seed, int number)
    {
        var random = new Random(unchecked((seed * (int)0x9E3779B1) ^ (number * (int)0x85EBCA6B)));
        return number < Seeds.Value.Count ? Seeds.Value[number] : Mutate(Seeds.Value[random.Next(Seeds.Value.Count)], Seeds.Value, random);
    }

    public void Run(byte[] input) => Read(input);
}
