using System.Text;
using BestOfN.Inputs.Records;

namespace BestOfN.Inputs.Tests.Records;

public class JsonLinesTests
{
    private const int Longest = 200_000;   // more than is read from a file at once

    [Fact]
    public void A_line_that_is_too_long_is_an_error_of_that_line_and_the_next_is_read()
    {
        var lines = Read("1\n\"" + new string('x', Longest) + "\"\n3\n");
        Assert.Equal([1, 2, 3], lines.Select(l => l.Number));
        var error = Assert.Throws<InvalidDataException>(() => lines[1].Parse());
        Assert.Contains("the line is longer than", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, lines[2].Parse().GetInt32());
        Assert.Null(Read(new string('x', Longest + 1))[0].Text);
    }

    [Fact]
    public void A_line_of_the_greatest_length_is_read()
    {
        var text = new string('x', Longest - 2);
        Assert.Equal(text, Read("\"" + text + "\"\n")[0].Parse().GetString());
    }

    [Theory]
    [InlineData("{\"a\":1}\n{\"a\":", "not valid JSON: the file ends within the line")]
    [InlineData("{\"a\":1}\n{\"a\":\"\u00e9", "not valid JSON: the file ends within the line")]
    [InlineData("{\"a\":1}\n{\"a\":x", "not valid JSON at byte 6")]
    public void A_last_line_without_its_end_says_so_where_that_is_what_is_wrong(string text, string says)
    {
        var lines = Read(text);
        Assert.Equal(1, lines[0].Parse().GetProperty("a").GetInt32());
        Assert.StartsWith(says, Assert.Throws<InvalidDataException>(() => lines[1].Parse()).Message, StringComparison.Ordinal);
    }

    private static JsonLine[] Read(string text) => [.. JsonLines.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), Longest)];
}
