using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Tokenizers;

public sealed class WordSplitterTests
{
    [Fact]
    public void A_pattern_that_searches_without_end_is_an_error_of_the_tokenizer()
    {
        // One word takes a moment, and every further letter doubles it; the limit is for all words together.
        var splitter = new WordSplitter([@"(?:(?:a|aa)+)+b|\p{L}+|\s+"], TimeSpan.FromMilliseconds(200));
        var text = string.Join(' ', Enumerable.Repeat(new string('a', 22), 2_000));
        var error = Assert.Throws<InvalidDataException>(() => splitter.Split(text));
        Assert.Contains("takes too long", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_text_is_split_into_its_words()
    {
        var splitter = new WordSplitter([@"\p{L}+|\s+"]);
        Assert.Equal(199_999, splitter.Split(string.Join(' ', Enumerable.Repeat("word", 100_000))).Count);
    }

    [Fact]
    public void Patterns_split_text_as_Oniguruma_does()
    {
        foreach (var c in GoldenFile.Json("tokenizers", "patterns.json").EnumerateArray())
        {
            string[] patterns = [.. c.GetProperty("patterns").EnumerateArray().Select(p => p.GetString()!)];
            var text = c.Text("text");
            Assert.Equal(c.GetProperty("pieces").EnumerateArray().Select(p => p.GetString()),
                new WordSplitter(patterns).Split(text).Select(w => text.Substring(w.Start, w.Length)));
        }
    }

    [Theory]
    [InlineData("[[:alpha:]]+|\\s+", "[:alpha:]")]
    [InlineData("\\w+", "\\w")]
    [InlineData("\\bx", "\\b")]
    [InlineData("\\p{Greek}", "Greek")]
    [InlineData("\\Gx", "\\G")]
    [InlineData("(a)\\1", "\\1")]
    [InlineData("(?m:.)", "?m:")]
    [InlineData("(?i:ss)", "ss without case")]
    [InlineData("(?i:\u00E9)", "without case")]
    [InlineData("[a", "[ without ]")]
    [InlineData("(a", "( without )")]
    [InlineData("a)", "unmatched")]
    [InlineData("*a", "behind nothing")]
    [InlineData("[z-a]", "high to low")]
    public void What_means_something_else_in_dotnet_is_refused_by_name(string pattern, string says) =>
        Assert.Contains(says, Assert.Throws<InvalidDataException>(() => new WordSplitter([pattern])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pattern_of_very_deep_groups_is_refused() =>
        Assert.Throws<InvalidDataException>(() => new WordSplitter([new string('(', 100_000)]));
}
