using BestOfN.Core.Telemetry;

namespace BestOfN.Core.Tests.Telemetry;

public sealed class LoggedTextTests
{
    [Fact]
    public void Words_stay_on_their_line_and_move_no_cursor() =>
        Assert.Equal(@"a\nb\tc" + "\uFFFD[31m\uFFFD\uFFFDé", LoggedText.Of("a\nb\tc\u001b[31m\r\u2028é"));

    [Fact]
    public void Exceptions_are_told_with_their_causes_and_no_message_begins_a_line()
    {
        var told = LoggedText.Of(new InvalidDataException("outer\nforged", new FormatException("inner\u001b[2J")));
        Assert.Equal(
            ["System.IO.InvalidDataException: outer\\nforged", "Caused by System.FormatException: inner\uFFFD[2J"], told.Split('\n'));
    }

    [Fact]
    public void An_accident_is_told_without_its_message()
    {
        var told = LoggedText.WithoutWords(new FormatException("SECRET"));
        Assert.StartsWith("FormatException\n", told, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", told, StringComparison.Ordinal);
    }
}
