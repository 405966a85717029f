using System.Text.Json;
using Json.Schema;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>Stands in each subschema and charges for its visit.</summary>
internal sealed class WatchKeyword(SchemaBudget budget) : IKeywordHandler
{
    public const string Keyword = "$bestofn-watch";
    private const string Steps = "steps";

    public string Name => Keyword;

    /// <param name="json">Within a subschema.</param>
    /// <param name="steps">What a visit costs.</param>
    public static void Write(Utf8JsonWriter json, int steps)
    {
        json.WriteStartObject(Keyword);
        json.WriteNumber(Steps, steps);
        json.WriteEndObject();
    }

    public object? ValidateKeywordValue(JsonElement value) => value.GetProperty(Steps).GetInt64();

    public void BuildSubschemas(KeywordData keyword, BuildContext context)
    {
    }

    public KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context)
    {
        budget.Spend((long)keyword.Value!);
        return KeywordEvaluation.Ignore;
    }
}
