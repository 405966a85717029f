using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates.Written;
using BestOfN.Testing;

namespace BestOfN.Inputs.Tests.Templates;

/// <summary>Text that chat templates wrote is read back exactly, and text that is not theirs is left alone.</summary>
public sealed class WrittenTextTests
{
    private const string Folder = "reward-protocols/prompt-text";

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(GoldenFiles.Folder(Folder)).Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Texts_are_read_as_their_fixtures_say(string file)
    {
        var fixture = GoldenFiles.Read(Folder, file);
        var read = WrittenText.Read(fixture.GetProperty("text").GetString()!);
        if (fixture.GetProperty("messages").ValueKind is JsonValueKind.Null)
        {
            Assert.Null(read);
            return;
        }

        Assert.NotNull(read);
        Assert.Equal(fixture.GetProperty("template").GetString(), read.Template);
        Assert.Equal(fixture.TryGetProperty("truncated", out var truncated) && truncated.GetBoolean(), read.IsTruncated);
        Assert.Equal(
            fixture.GetProperty("messages").EnumerateArray()
                .Select(message => (message.GetProperty("role").GetString(), message.GetProperty("content").GetString())),
            read.Messages.Select(message => ((string?)message.Role, (string?)message.Text)));
    }

    [Theory]
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n\n</s><|reward|>", "B", false)] // a longer tail
    [InlineData("<|im_start|>user\nA<|im_end|><|im_start|>assistant\nB<|im_end|>", "B", false)] // no newlines between turns
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB\n", "B\n", true)] // an answer's own newline
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|endoftext|>", "B", true)] // ended by another mark
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\n<|im_end|>", "", false)] // an empty answer
    public void Ends_are_told_from_contents(string text, string answer, bool isTruncated)
    {
        var read = WrittenText.Read(text);
        Assert.NotNull(read);
        Assert.Equal((answer, isTruncated), (read.Messages[^1].Text, read.IsTruncated));
    }

    [Theory]
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n<|im_start|>user\nC<|im_end|>\n")] // ends with the user
    [InlineData("<|im_start|>user\nA<|im_start|>assistant\nB<|im_end|>\n")] // a start within a content
    [InlineData("<|im_start|>robot\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n")] // an unknown role
    [InlineData("<|im_start|>user A<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n")] // no separator
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\n</s>")] // nothing but an end
    [InlineData("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\nand more")] // text behind the last turn
    [InlineData("")]
    public void Other_texts_are_not_read(string text) => Assert.Null(WrittenText.Read(text));

    [Fact]
    public void System_messages_that_templates_write_by_themselves_are_left_out_where_that_is_asked_for()
    {
        static string Rest(string system) => string.Concat(
            WrittenText.Read(
                $"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n", true)!
                .Messages.Where(message => message.Role == "system").Select(message => message.Text));
        Assert.Equal("", Rest("You are Qwen, created by Alibaba Cloud. You are a helpful assistant."));
        Assert.Equal("", Rest("Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"));
        Assert.Equal("Be brief.", Rest("Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nBe brief."));
        Assert.Equal("Be brief.", Rest("Be brief."));
    }

    [Theory]
    [InlineData("<ImageHere>What?", "P|What?")]
    [InlineData("See <image>, and <image>.", "See |P|, and |P|.")]
    [InlineData("<|vision_start|><|image_pad|><|image_pad|><|image_pad|><|vision_end|>What?", "P|What?")] // a run is one image
    [InlineData("<img><IMG_CONTEXT><IMG_CONTEXT></img>\nWhat?", "P|\nWhat?")]
    [InlineData("What?", "P|P|What?")] // no place: before the text
    public void Images_take_their_places(string question, string expected)
    {
        var read = WrittenText.Read($"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n<image><|im_end|>\n")!;
        var count = expected.Split('|').Count(part => part == "P");
        var shown = WrittenImages.Put(read, [.. Enumerable.Repeat(new ImagePart(new byte[] { 1 }), count)]);
        Assert.Equal(expected, string.Join('|', shown[0].Parts.Select(part => part is TextPart text ? text.Text : "P")));
        Assert.Equal("<image>", shown[^1].Text); // an answer shows nothing
    }

    [Fact]
    public void Images_without_a_place_are_told()
    {
        var read = WrittenText.Read("<|im_start|>user\n<image>A<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n")!;
        Assert.Contains("places for 1", Assert.Throws<ArgumentException>(() =>
            WrittenImages.Put(read, [new ImagePart(new byte[] { 1 }), new ImagePart(new byte[] { 2 })])).Message,
                StringComparison.Ordinal);
    }
}
