namespace BestOfN.Data.Cleaning;

/// <summary>Finds equal keys. Holds only the numbers of records, eight to sixteen bytes each; the keys stay where they are.</summary>
/// <param name="keyOf">The key of a record that was added. Keys are digests: their bits are evenly spread.</param>
internal sealed class KeySet(Func<int, UInt128> keyOf)
{
    private const int None = -1;

    private int[] _slots = Slots(1 << 10);
    private int _count;

    /// <param name="key">The key of the next record.</param>
    /// <param name="record">Its number.</param>
    /// <param name="earlier">The record with this key; -1: none.</param>
    /// <returns>Whether there was none.</returns>
    public bool TryAdd(UInt128 key, int record, out int earlier)
    {
        if (_count * 2 >= _slots.Length)
        {
            Grow();
        }

        var slot = Find(key, out earlier);
        if (earlier != None)
        {
            return false;
        }

        _slots[slot] = record;
        _count++;
        return true;
    }

    private int Find(UInt128 key, out int record)
    {
        for (var slot = (int)((ulong)key & (ulong)(_slots.Length - 1)); ; slot = (slot + 1) & (_slots.Length - 1))
        {
            record = _slots[slot];
            if (record == None || keyOf(record) == key)
            {
                return slot;
            }
        }
    }

    private void Grow()
    {
        var old = _slots;
        _slots = Slots(old.Length * 2);
        foreach (var record in old)
        {
            if (record != None)
            {
                _slots[Find(keyOf(record), out _)] = record;
            }
        }
    }

    private static int[] Slots(int count)
    {
        var slots = new int[count];
        slots.AsSpan().Fill(None);
        return slots;
    }
}
