namespace BestOfN.Training.Pocket.Vocabulary;

/// <summary>Byte-pair encoding: joins the commonest pair of neighbours, again and again.</summary>
/// <remarks>
/// As SentencePiece does it, a word is what stands between spaces, with the space before it (▁), and letters do not join
/// with punctuation. A digit joins with nothing, so that arithmetic sees places of numbers, nor does a capital letter: it is a name.
/// Source: Sennrich, Haddow, Birch 2016, https://arxiv.org/abs/1508.07909.
/// </remarks>
internal static class PairMerges
{
    public const char Space = '▁';

    /// <returns>At most <paramref name="count"/> pieces, in the order of their merges; fewer when nothing is left to join.</returns>
    public static IReadOnlyList<string> Learn(IEnumerable<string> corpus, int count)
    {
        var words = corpus.SelectMany(Words).CountBy(w => w)
            .Select(w => (Pieces: w.Key.Select(c => c.ToString()).ToList(), Count: w.Value))
            .ToList();
        var merges = new List<string>();
        while (merges.Count < count)
        {
            var pairs = new Dictionary<(string Left, string Right), long>();
            foreach (var (pieces, times) in words)
            {
                foreach (var pair in pieces.Zip(pieces.Skip(1)))
                {
                    pairs[pair] = pairs.GetValueOrDefault(pair) + times;
                }
            }

            if (pairs.Count == 0)
            {
                break;
            }

            var (left, right) = pairs
                .OrderByDescending(p => p.Value)
                .ThenBy(p => p.Key.Left, StringComparer.Ordinal)
                .ThenBy(p => p.Key.Right, StringComparer.Ordinal)
                .First().Key;
            foreach (var (pieces, _) in words)
            {
                for (var i = 0; i < pieces.Count - 1; i++)
                {
                    if (pieces[i] == left && pieces[i + 1] == right)
                    {
                        pieces[i] = left + right;
                        pieces.RemoveAt(i + 1);
                    }
                }
            }

            // The same piece can come of two pairs: "ab" + "c", "a" + "bc".
            if (!merges.Contains(left + right))
            {
                merges.Add(left + right);
            }
        }

        return merges;
    }

    private static IEnumerable<string> Words(string text)
    {
        text = text.Replace(' ', Space);
        var start = 0;
        for (var i = 1; i <= text.Length; i++)
        {
            if (i == text.Length || !Joins(text[i - 1], text[i]))
            {
                yield return text[start..i];
                start = i;
            }
        }
    }

    private static bool Joins(char left, char right) =>
        right != Space && !StandsAlone(left) && !StandsAlone(right)
        && (left == Space || char.IsLetter(left) == char.IsLetter(right));

    private static bool StandsAlone(char c) => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c) || c == '\n';
}
