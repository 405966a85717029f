using System.Text.Json;
using System.Text.RegularExpressions;
using Json.Schema;
using Json.Schema.Keywords;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary><c>patternProperties</c> with a limit.</summary>
internal sealed class TimedPatternPropertiesKeyword(SchemaBudget budget) : PatternPropertiesKeyword
{
    public override object? ValidateKeywordValue(JsonElement value)
    {
        // The library looks them up by the pattern.
        var patterns = new Dictionary<string, Regex>();
        foreach (var member in value.EnumerateObject())
        {
            patterns[member.Name] = TimedPattern.Create(member.Name == WatchKeyword.Keyword ? Regex.Escape(member.Name) : member.Name);
        }

        return patterns;
    }

    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context) =>
        TimedPattern.Charge(budget, () => base.Evaluate(keyword, context));
}
