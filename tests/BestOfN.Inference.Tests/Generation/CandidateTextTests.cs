using BestOfN.Inputs.Decoding;

namespace BestOfN.Inference.Tests.Generation;

public sealed class CandidateTextTests
{
    private static readonly LetterTokenizer s_tokenizer = new([.. "ab"u8], [.. "cd"u8], [.. "e"u8], [.. "é"u8[..1]], [.. "é"u8[1..]], []);

    [Fact]
    public void A_stop_string_across_tokens_ends_the_text_before_it_and_is_never_shown()
    {
        var text = new CandidateText(s_tokenizer, ["bcde"]);
        Assert.Equal(["a", "", ""], [text.Push(0), text.Push(1), text.Push(2)]);
        Assert.True(text.IsStopped);
        Assert.Equal("", text.Finish());
        Assert.Equal("a", text.Text);
        Assert.Equal(1, text.Tokens);
    }

    [Fact]
    public void Text_that_might_have_become_a_stop_string_is_shown_once_it_can_not()
    {
        var text = new CandidateText(s_tokenizer, ["bcdX", "dd"]);
        Assert.Equal(["a", "", "bcde"], [text.Push(0), text.Push(1), text.Push(2)]);
        Assert.Equal(["a", "b"], [text.Push(0), text.Finish()]);
        Assert.Equal("abcdeab", text.Text);
    }

    [Fact]
    public void The_first_of_several_stop_strings_counts()
    {
        var text = new CandidateText(s_tokenizer, ["d", "bc"]);
        text.Push(0);
        text.Push(1);
        Assert.Equal("a", text.Text);
    }

    [Fact]
    public void A_scalar_is_shown_when_its_last_byte_has_come()
    {
        var text = new CandidateText(s_tokenizer, []);
        Assert.Equal(["", "é", "ab", ""], [text.Push(3), text.Push(4), text.Push(0), text.Push(3)]);
        Assert.Equal("\uFFFD", text.Finish());
        Assert.Equal("éab\uFFFD", text.Text);
    }

    [Fact]
    public void Special_tokens_in_the_middle_of_a_stream_give_no_text()
    {
        var text = new CandidateText(s_tokenizer, []);
        Assert.Equal(["ab", "", "cd"], [text.Push(0), text.Push(5), text.Push(1)]);
        Assert.Equal(3, text.Tokens);
    }
}
