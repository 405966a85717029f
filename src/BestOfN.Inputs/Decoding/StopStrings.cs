using System.Text;

namespace BestOfN.Inputs.Decoding;

/// <summary>Lets text through up to the first stop string, and holds back what may still become one.</summary>
internal sealed class StopStrings(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>True once a stop string was met; everything from its first character on is dropped.</summary>
    public bool IsMet { get; private set; }

    /// <returns>The text that can no longer be part of a stop string.</returns>
    public string Push(string text)
    {
        if (IsMet || text.Length == 0)
        {
            return "";
        }

        if (stops.Count == 0)
        {
            return text;
        }

        var all = _held.Append(text).ToString();
        _held.Clear();
        var first = stops.Select(s => all.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        if (first >= 0)
        {
            IsMet = true;
            return all[..first];
        }

        var start = Math.Max(0, all.Length - stops.Max(s => s.Length) + 1);
        while (start < all.Length && !stops.Any(s => s.AsSpan().StartsWith(all.AsSpan(start), StringComparison.Ordinal)))
        {
            start++;
        }

        _held.Append(all, start, all.Length - start);
        return all[..start];
    }

    /// <returns>What was held back, now that nothing follows.</returns>
    public string Flush()
    {
        var rest = _held.ToString();
        _held.Clear();
        return rest;
    }
}
