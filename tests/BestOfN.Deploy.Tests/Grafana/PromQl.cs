using System.Text.RegularExpressions;

namespace BestOfN.Deploy.Tests.Grafana;

/// <summary>The names in an expression of Prometheus' language.</summary>
/// <param name="Metrics">Names of series.</param>
/// <param name="Labels">Names of labels, in selectors and in groups.</param>
internal sealed partial record PromQl(IReadOnlyList<string> Metrics, IReadOnlyList<string> Labels)
{
    private static readonly string[] s_words = ["by", "without", "and", "or", "unless", "on", "ignoring", "bool", "offset"];

    public static PromQl Read(string expression)
    {
        var text = Text().Replace(expression, "\"\"");
        var selectors = Selector().Matches(text).SelectMany(match => Matcher().Matches(match.Value)).Select(match => match.Groups[1].Value);
        var groups = Group().Matches(text).SelectMany(match => match.Groups[1].Value.Split(',')).Select(name => name.Trim());
        var rest = Group().Replace(Range().Replace(Selector().Replace(text, " "), " "), " ");
        var metrics = Name().Matches(rest).Select(match => match.Value).Where(name => !s_words.Contains(name));
        return new([.. metrics.Distinct()], [.. selectors.Concat(groups).Distinct()]);
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Text();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\b(?:by|without)\s*\(([^)]*)\)")]
    private static partial Regex Group();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    // A name before a parenthesis is a function's.
    [GeneratedRegex(@"\b[a-zA-Z_]\w*\b(?!\s*\()")]
    private static partial Regex Name();
}
