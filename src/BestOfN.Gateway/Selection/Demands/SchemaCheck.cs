using System.Text;
using System.Text.Json;
using Json.Schema;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>
/// A client's schema. A schema that is not understood, refers to another document or costs too much is not checked: nothing is fetched, and
/// no check runs for long.
/// </summary>
internal sealed class SchemaCheck
{
    private const int MostSchemaBytes = 256 * 1024;
    private const int LongestText = 256 * 1024;

    private readonly SchemaBudget _budget;
    private readonly Lazy<JsonSchema?> _schema;

    /// <param name="schema">A JSON Schema; draft 2020-12 unless it says otherwise.</param>
    /// <param name="budget">Shared by all schemas of a request.</param>
    public SchemaCheck(JsonElement schema, SchemaBudget budget)
    {
        _budget = budget;
        _schema = new(() => Build(schema));
    }

    /// <param name="value">The answer.</param>
    /// <param name="length">Its length as text.</param>
    /// <returns>True also where it could not be checked.</returns>
    public bool Fits(JsonElement value, int length)
    {
        if (_budget.IsSpent || length > LongestText || _schema.Value is not { } schema)
        {
            _budget.LeaveUnchecked();
            return true;
        }

        try
        {
            return schema.Evaluate(value).IsValid;
        }
        catch (Exception)
        {
            // Whatever a library says of a schema that a stranger wrote: it is not checked.
            _budget.LeaveUnchecked();
            return true;
        }
    }

    private JsonSchema? Build(JsonElement schema)
    {
        var text = schema.GetRawText();
        if (Encoding.UTF8.GetByteCount(text) > MostSchemaBytes)
        {
            return null;
        }

        try
        {
            var dialect = WatchedDialect.For(schema, _budget);
            return JsonSchema.FromText(
                WatchedSchema.Write(schema), new BuildOptions { SchemaRegistry = new SchemaRegistry(), Dialect = dialect });
        }
        catch (Exception)
        {
            return null;
        }
    }
}
