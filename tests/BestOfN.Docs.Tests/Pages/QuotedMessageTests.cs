using System.Text.RegularExpressions;

namespace BestOfN.Docs.Tests.Pages;

/// <summary>What the documents quote of the program is what the program says.</summary>
public sealed partial class QuotedMessageTests
{
    // A long message is put together from literals on several lines.
    private static readonly IReadOnlyList<string> s_sources = [.. Repository.Sources.Values.Select(source => Seam().Replace(source, ""))];

    [Fact]
    public void Every_message_of_troubleshooting_stands_in_the_source()
    {
        var quotes = (from line in Page.Open("docs/troubleshooting.md").Prose
                      where line.Line.StartsWith('|')
                      from match in Code().Matches(FirstCell(line.Line))
                      select (line.Number, Text: match.Groups[1].Value)).ToList();
        Assert.NotEmpty(quotes);
        PageTests.AssertNone(quotes.Where(quote => !IsSaid(quote.Text))
            .Select(quote => $"docs/troubleshooting.md:{quote.Number}: nothing says '{quote.Text}'"));
    }

    [Fact]
    public void Every_code_of_an_error_is_documented_and_exists()
    {
        var said = Repository.Sources.Where(file => file.Key.StartsWith(Path.Combine("src", "BestOfN.Gateway"), StringComparison.Ordinal))
            .SelectMany(file => SetCode().Matches(file.Value).Select(match => match.Groups[1].Value)).ToHashSet();
        Assert.Contains("model_not_found", said);
        var documented = Page.Open("docs/api.md").InlineCode.Select(code => code.Code).ToHashSet();
        PageTests.AssertNone(said.Where(code => !documented.Contains(code)).Select(code => $"docs/api.md does not tell of {code}"));
        PageTests.AssertNone(
            from line in Page.Open("docs/api.md").Prose
            where Status().IsMatch(line.Line)
            from code in Code().Matches(FirstCell(line.Line) + LastCell(line.Line)).Select(match => match.Groups[1].Value)
            where code.Length > 3 && CodeWord().IsMatch(code) && !IsSaid($"\"{code}\"")
            select $"docs/api.md:{line.Number}: no error has the code {code}");
    }

    /// <summary>Whether one file has all the pieces between the marks "…", in their order.</summary>
    private static bool IsSaid(string message)
    {
        var pieces = message.Split('…').Select(piece => piece.Trim('\'', ' ')).Where(piece => piece.Length > 1).ToList();
        return s_sources.Any(source =>
        {
            var at = 0;
            return pieces.TrueForAll(piece => (at = source.IndexOf(piece, at, StringComparison.Ordinal)) >= 0);
        });
    }

    private static string FirstCell(string row) => row.Split('|') is [_, var cell, ..] ? cell : "";

    private static string LastCell(string row) => row.Split('|') is [.., var cell, _] ? cell : "";

    [GeneratedRegex(@"\bCode = (?:[^;]*? \? )?""([a-z_]+)""")]
    private static partial Regex SetCode();

    [GeneratedRegex(@"""\s*\n\s*\+ [$@]*""")]
    private static partial Regex Seam();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\| [45]\d\d `")]
    private static partial Regex Status();

    [GeneratedRegex("^[a-z]+(_[a-z]+)*$")]
    private static partial Regex CodeWord();
}
