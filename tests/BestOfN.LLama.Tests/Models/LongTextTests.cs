using BestOfN.Inputs.Gguf;
using BestOfN.Inputs.Tokenizers;
using BestOfN.LLama.Models;
using BestOfN.Testing;

namespace BestOfN.LLama.Tests.Models;

/// <summary>A text that a client may send must not overflow llama.cpp's stack, which would end this process.</summary>
public sealed class LongTextTests
{
    [Theory]
    [InlineData("deepseek-llm", "a")]
    [InlineData("deepseek-llm", " ")]
    [InlineData("deepseek-llm", "漢")]
    [InlineData("tekken", "a,")]
    [InlineData("tekken", "1")]
    [InlineData("tekken", "e\u0301")]
    [InlineData("qwen2", "a")]
    public void Long_words_are_cut_where_llama_cpp_searches_words_by_recursion(string pre, string part)
    {
        TestModels.SkipWithoutLlama();
        var path = ConversionTests.VocabularyFile(TokenizerFiles.Load(GoldenFiles.Folder("tokenizers/hf-bpe-llama3")), "Llama", pre);
        using var weights = global::LLama.LLamaWeights.LoadFromFile(new global::LLama.Common.ModelParams(path) { VocabOnly = true });
        var tokenizer = new GgufTokenizer(weights.NativeHandle, GgufFile.Open(path));
        var text = string.Concat(Enumerable.Repeat(part, 300_000));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void A_text_with_blanks_stays_whole_and_a_long_stretch_is_cut_before_a_mark()
    {
        var prose = string.Concat(Enumerable.Repeat("No word here is long. ", 1000));
        Assert.Equal([prose], LongRuns.Cut(prose));
        var pieces = LongRuns.Cut(string.Concat(Enumerable.Repeat("abcdefg,", 2000))).ToArray();
        Assert.InRange(pieces.Length, 4, 5);
        Assert.All(pieces.Skip(1), piece => Assert.Equal(',', piece[0]));
        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 4096));
        var pairs = string.Concat(Enumerable.Repeat("𐐀", 5000));
        Assert.All(LongRuns.Cut("x" + pairs), piece => Assert.False(char.IsLowSurrogate(piece[0])));
        Assert.Equal("x" + pairs, string.Concat(LongRuns.Cut("x" + pairs)));
    }
}
