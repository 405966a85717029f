namespace BestOfN.Inputs.Tokenizers;

/// <summary>
/// Encodes text in which the spellings of special tokens mean the tokens: for templates and trusted text only. What lies
/// between two of them is encoded as one piece, as published tokenizers do. Thread-safe.
/// </summary>
public sealed class SpecialTokenEncoder(ITokenizer tokenizer)
{
    private readonly SpellingTrie _specials = new(tokenizer.SpecialTokens);
    private readonly SpellingTrie _forgeable = new(tokenizer.SpecialTokens.Where(t => tokenizer.BytesOf(t.Value).IsEmpty));

    public IReadOnlyList<int> Encode(string text) => Encode(text, null);

    /// <summary>Puts the mark before everything in the text that would be read as a special token.</summary>
    internal string Mark(string text, string mark)
    {
        List<int>? starts = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (_forgeable.Match(text, i, out _) > 0)
            {
                (starts ??= []).Add(i);
            }
        }

        if (starts is null)
        {
            return text;
        }

        var marked = new System.Text.StringBuilder(text.Length + starts.Count * mark.Length);
        var done = 0;
        foreach (var start in starts)
        {
            marked.Append(text, done, start - done).Append(mark);
            done = start;
        }

        return marked.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>Takes marks out; what a mark stands before is text.</summary>
    internal IReadOnlyList<int> Encode(string text, string? mark)
    {
        var ids = new List<int>();
        var piece = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (mark is not null && text.AsSpan(i).StartsWith(mark, StringComparison.Ordinal))
            {
                i += mark.Length;
                if (i < text.Length)
                {
                    piece.Append(text[i++]);
                }

                continue;
            }

            var length = _specials.Match(text, i, out var id);
            if (length == 0)
            {
                piece.Append(text[i++]);
                continue;
            }

            EncodePiece(piece, ids);
            ids.Add(id);
            i += length;
        }

        EncodePiece(piece, ids);
        return ids;
    }

    private void EncodePiece(System.Text.StringBuilder piece, List<int> ids)
    {
        if (piece.Length > 0)
        {
            ids.AddRange(ids.Count == 0 ? tokenizer.Encode(piece.ToString()) : tokenizer.EncodeBehindToken(piece.ToString()));
            piece.Clear();
        }
    }
}
