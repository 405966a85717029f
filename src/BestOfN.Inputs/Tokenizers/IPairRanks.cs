namespace BestOfN.Inputs.Tokenizers;

/// <summary>The pairs of neighbouring symbols that may be merged, with their order.</summary>
internal interface IPairRanks
{
    /// <param name="rank">Lower is merged earlier; of equals the leftmost.</param>
    bool TryGet(in Symbol left, in Symbol right, out double rank, out int merged);
}
