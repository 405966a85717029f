using BestOfN.Models.Tokenizers;

namespace BestOfN.Models.Tests.Tokenizers;

public sealed class WordSplitterTests
{
    [Fact]
    public void A_pattern_that_searches_without_end_is_an_error_of_the_tokenizer()
    {
        // One word takes a moment, and every further letter doubles it; the limit is for all words together.
        var splitter = new WordSplitter([@"(?:(?:a|aa)+)+b|\w+|\s+"], TimeSpan.FromMilliseconds(200));
        var text = string.Join(' ', Enumerable.Repeat(new string('a', 12), 100_000));
        var error = Assert.Throws<InvalidDataException>(() => splitter.Split(text));
        Assert.Contains("takes too long", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_text_is_cut_as_ever()
    {
        var splitter = new WordSplitter([@"\w+|\s+"]);
        Assert.Equal(199_999, splitter.Split(string.Join(' ', Enumerable.Repeat("word", 100_000))).Count);
    }
}
