namespace BestOfN.Fuzz.Mutation;

/// <param name="input">A sound input; not to be changed.</param>
/// <param name="others">All sound inputs.</param>
/// <param name="random">Decides everything.</param>
internal delegate byte[] Mutator(byte[] input, IReadOnlyList<byte[]> others, Random random);
