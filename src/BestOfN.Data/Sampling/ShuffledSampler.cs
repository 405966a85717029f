namespace BestOfN.Data.Sampling;

/// <summary>Goes through a finite set again and again, each time in another order that only the seed decides. Not thread-safe.</summary>
internal sealed class ShuffledSampler(int count, ulong seed)
{
    private readonly int[] _order = new int[count];
    private long _epoch = -1;

    /// <summary>The indices of a step's batch.</summary>
    public IEnumerable<int> Batch(int step, int size)
    {
        for (var i = 0; i < size; i++)
        {
            var (epoch, at) = Math.DivRem(((long)step * size) + i, count);
            if (epoch != _epoch)
            {
                for (var j = 0; j < count; j++)
                {
                    _order[j] = j;
                }

                new SplitMix64(seed, (ulong)epoch).Shuffle(_order);
                _epoch = epoch;
            }

            yield return _order[at];
        }
    }
}
