using System.Globalization;

namespace BestOfN.Data.Cleaning;

/// <summary>One of several equal parts of a corpus, chosen by content: equal records are in the same part.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Count">How many there are.</param>
public sealed record Shard(int Index, int Count)
{
    public static Shard Whole { get; } = new(0, 1);

    /// <summary>Reads <c>INDEX/COUNT</c>.</summary>
    /// <returns>Null where it is none.</returns>
    public static Shard? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('/') is [var index, var count] && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var i)
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && i < n
            ? new(i, n)
            : null;
    }

    /// <summary>Part of the names of a shard's files: <c>-00003-of-00016</c>; empty for the whole.</summary>
    public string Suffix => Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{Index:D5}-of-{Count:D5}");

    internal bool Has(ulong key) => key % (ulong)Count == (ulong)Index;
}
