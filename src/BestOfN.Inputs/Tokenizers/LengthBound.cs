namespace BestOfN.Inputs.Tokenizers;

/// <summary>What the length of a text alone tells of its number of tokens, so that nobody need count a book. Thread-safe.</summary>
public sealed class LengthBound
{
    // A tokenizer may put the parts of a character together first: three Hangul letters are one syllable.
    private const int MostCharactersJoined = 4;

    private readonly ITokenizer _tokenizer;
    private readonly Lazy<long> _longestToken;

    public LengthBound(ITokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _longestToken = new(FindLongestToken);
    }

    /// <summary>Whether texts have more than <paramref name="tokens"/> tokens whatever they say; false where only counting tells.</summary>
    /// <param name="texts">What becomes tokens as a whole.</param>
    /// <param name="tokens">The limit.</param>
    public bool IsPassedBy(IEnumerable<string> texts, int tokens) =>
        texts.Sum(text => (long)text.Length) > tokens * _longestToken.Value * MostCharactersJoined;

    private long FindLongestToken()
    {
        var longest = 1;
        for (var id = 0; id < _tokenizer.VocabularySize; id++)
        {
            longest = Math.Max(longest, _tokenizer.BytesOf(id).Length);
        }

        return Math.Max(longest, _tokenizer.SpecialTokens.Keys.Select(spelling => spelling.Length).DefaultIfEmpty().Max());
    }
}
