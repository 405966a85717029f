using System.Text.Json;
using Json.Schema;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>The keywords of a draft, where each visit of a subschema is charged and no pattern runs without a limit.</summary>
internal static class WatchedDialect
{
    /// <param name="schema">Names its draft in <c>$schema</c>, or is of draft 2020-12.</param>
    /// <param name="budget">The budget that each visit is charged to.</param>
    public static Dialect For(JsonElement schema, SchemaBudget budget)
    {
        var named = schema.TryGetProperty("$schema", out var uri) && uri.ValueKind is JsonValueKind.String ? uri.GetString()! : "";
        var isOld = named.Contains("draft-0", StringComparison.Ordinal);
        var draft = isOld ? Dialect.Draft07
            : named.Contains("2019-09", StringComparison.Ordinal) ? Dialect.Draft201909
            : Dialect.Draft202012;
        return draft.With(
            [
                new WatchKeyword(budget), new WatchedRefKeyword(budget), new TimedPatternKeyword(budget),
                new TimedPatternPropertiesKeyword(budget), new HashedUniqueItemsKeyword(),
            ],
            id: null,
            refIgnoresSiblingKeywords: isOld,
            allowUnknownKeywords: true);
    }
}
