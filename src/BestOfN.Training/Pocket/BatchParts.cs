using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>Splits a batch into parts that can be computed apart and, each padded to its longest, with little padding.</summary>
internal static class BatchParts
{
    // Smaller parts would pad less and spread better, but products over few rows are slow.
    private const int LeastShare = 4;
    private const double LeastLikeness = 0.75;

    /// <summary>What makes the loss of each part.</summary>
    /// <param name="items">The batch, not empty.</param>
    /// <param name="length">Tokens of an item.</param>
    /// <param name="loss">A part's share of the loss, as a scalar with gradients.</param>
    public static IReadOnlyList<Func<Tensor>> Losses<T>(IReadOnlyList<T> items, Func<T, int> length, Func<IReadOnlyList<T>, Tensor> loss) =>
        [.. Of(items, length).Select(part => (Func<Tensor>)(() => loss(part)))];

    /// <summary>Parts of similar length, the longest first, none with more than about a quarter of all tokens.</summary>
    /// <remarks>Depends on the lengths alone, not on the machine.</remarks>
    /// <param name="items">The batch, not empty.</param>
    /// <param name="length">Tokens of an item.</param>
    public static IReadOnlyList<IReadOnlyList<T>> Of<T>(IReadOnlyList<T> items, Func<T, int> length)
    {
        var most = items.Sum(length) / LeastShare;
        var parts = new List<List<T>>();
        foreach (var item in items.OrderByDescending(length))
        {
            if (parts is [.., var last] && length(item) >= LeastLikeness * length(last[0]) && (last.Count + 1) * length(last[0]) <= most)
            {
                last.Add(item);
            }
            else
            {
                parts.Add([item]);
            }
        }

        return parts;
    }
}
