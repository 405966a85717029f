using System.Net;
using System.Text.RegularExpressions;

namespace BestOfN.Docs.Tests.Generated;

/// <summary>What the comments of the source say about a type's members, as Markdown.</summary>
internal static partial class SourceComments
{
    /// <returns>The summary of each property and constant that has one, by name.</returns>
    public static Dictionary<string, string> OfMembers(string type) => Member().Matches(SourceOf(type))
        .ToDictionary(match => match.Groups["name"].Value, match => Summary(match.Groups["comment"].Value));

    /// <returns>The description of each parameter of a record, by name.</returns>
    public static Dictionary<string, string> OfParameters(string type) => Parameter().Matches(SourceOf(type))
        .ToDictionary(match => match.Groups["name"].Value, match => Markdown(match.Groups["text"].Value));

    // One type has one file, so that the name of the file is enough.
    private static string SourceOf(string type) => Repository.Sources.Single(file => Path.GetFileName(file.Key) == type + ".cs").Value;

    private static string Summary(string comment) => Markdown(Between().Match(comment).Groups["text"].Value);

    private static string Markdown(string text)
    {
        var plain = Slashes().Replace(text, " ");
        plain = CodeElement().Replace(plain, match => $"`{match.Groups["text"].Value}`");
        plain = Reference().Replace(plain, match => $"`{match.Groups["name"].Value.Split('.')[^1]}`");
        return Blanks().Replace(WebUtility.HtmlDecode(plain), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    [GeneratedRegex(
        @"(?<comment>(^[ \t]*///.*\n)+)([ \t]*\[.*\]\s*\n)*[ \t]*public (const |required )?[\w<>\[\]?, ]+? (?<name>\w+) (\{ get;|=)",
        RegexOptions.Multiline)]
    private static partial Regex Member();

    [GeneratedRegex("""<param name="(?<name>\w+)">(?<text>.*?)</param>""", RegexOptions.Singleline)]
    private static partial Regex Parameter();

    [GeneratedRegex("<summary>(?<text>.*?)</summary>", RegexOptions.Singleline)]
    private static partial Regex Between();

    [GeneratedRegex(@"^\s*///", RegexOptions.Multiline)]
    private static partial Regex Slashes();

    [GeneratedRegex("<c>(?<text>.*?)</c>", RegexOptions.Singleline)]
    private static partial Regex CodeElement();

    [GeneratedRegex("""<(see|paramref) (cref|name|langword)="(?<name>[^"]+)" ?/>""")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
