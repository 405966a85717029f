using System.Text.Json;
using Json.Schema;
using Json.Schema.Keywords;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary><c>pattern</c> with a limit.</summary>
internal sealed class TimedPatternKeyword(SchemaBudget budget) : PatternKeyword
{
    public override object? ValidateKeywordValue(JsonElement value) => TimedPattern.Create(value.GetString()!);

    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context) =>
        TimedPattern.Charge(budget, () => base.Evaluate(keyword, context));
}
