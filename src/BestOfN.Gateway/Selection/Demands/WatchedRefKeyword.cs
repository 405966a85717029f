using Json.Schema;
using Json.Schema.Keywords;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>
/// <c>$ref</c> that ends where a schema refers to itself for ever. In older drafts it hides its siblings, the watch among them.
/// </summary>
internal sealed class WatchedRefKeyword(SchemaBudget budget) : RefKeyword
{
    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context)
    {
        budget.Spend(1);
        return base.Evaluate(keyword, context);
    }
}
