using System.Text.Json;
using BestOfN.Core.Selection;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>The text of an answer has to be JSON, perhaps of a schema.</summary>
/// <param name="needsObject">Any other value is as wrong as no JSON.</param>
/// <param name="schema">Null where any value will do.</param>
internal sealed class JsonDemand(bool needsObject, SchemaCheck? schema)
{
    /// <returns>Null where the format asks for no JSON.</returns>
    public static JsonDemand? Read(JsonElement? format, SchemaBudget budget)
    {
        if (format is not { ValueKind: JsonValueKind.Object } asked || !asked.TryGetProperty("type", out var type)
            || type.ValueKind is not JsonValueKind.String)
        {
            return null;
        }

        return type.GetString() switch
        {
            // Several servers take a schema here too.
            "json_object" => new(needsObject: true, SchemaIn(asked, budget)),
            "json_schema" => new(
                needsObject: false, asked.TryGetProperty("json_schema", out var named) ? SchemaIn(named, budget) : SchemaIn(asked, budget)),
            _ => null,
        };
    }

    public AnswerFlaw FlawOf(string text) => AnswerDemands.Parse(text) switch
    {
        null => AnswerFlaw.NotJson,
        { ValueKind: not JsonValueKind.Object } when needsObject => AnswerFlaw.NotJson,
        { } value => schema is null || schema.Fits(value, text.Length) ? AnswerFlaw.None : AnswerFlaw.WrongSchema,
    };

    private static SchemaCheck? SchemaIn(JsonElement holder, SchemaBudget budget) =>
        holder.ValueKind is JsonValueKind.Object && holder.TryGetProperty("schema", out var schema)
        && schema.ValueKind is JsonValueKind.Object
            ? new(schema, budget)
            : null;
}
