namespace BestOfN.Gateway.Selection;

/// <summary>Cuts a finished text into the pieces of a stream: a few words each, for a client that shows them as they come.</summary>
internal static class TextPieces
{
    private const int Shortest = 24;
    private const int Longest = 240;

    public static IEnumerable<string> Of(string text, int start)
    {
        while (start < text.Length)
        {
            var end = End(text, start);
            yield return text[start..end];
            start = end;
        }
    }

    private static int End(string text, int start)
    {
        for (var end = start + Shortest; end < text.Length; end++)
        {
            // A piece begins with white space, as tokens do, and never inside a surrogate pair.
            if (char.IsWhiteSpace(text[end]) || (end - start >= Longest && !char.IsLowSurrogate(text[end])))
            {
                return end;
            }
        }

        return text.Length;
    }
}
