namespace BestOfN.Inputs.Tokenizers;

/// <summary>Which neighbours may be merged, and in which order.</summary>
internal interface IPairRanks
{
    /// <param name="rank">Lower is merged earlier; of equals the leftmost.</param>
    bool TryGet(in Symbol left, in Symbol right, out double rank, out int merged);
}
