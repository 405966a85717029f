using System.Text.Json;
using BestOfN.Core.Selection;
using Json.Schema;
using Json.Schema.Keywords;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary><c>uniqueItems</c> in linear time; the library compares each item with each other one.</summary>
internal sealed class HashedUniqueItemsKeyword : UniqueItemsKeyword
{
    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context)
    {
        if (context.Instance.ValueKind is not JsonValueKind.Array || keyword.RawValue.ValueKind is not JsonValueKind.True)
        {
            return KeywordEvaluation.Ignore;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var items = context.Instance.EnumerateArray().Select(item => item.GetRawText());
        return new() { Keyword = Name, IsValid = items.All(item => seen.Add(CanonicalJson.TryWrite(item) ?? item)) };
    }
}
