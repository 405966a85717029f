using System.Text.Json;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>
/// What a chat request asks of the form of its answers: <c>response_format</c>, <c>tools</c>, <c>tool_choice</c>,
/// <c>parallel_tool_calls</c> and their older names.
/// </summary>
/// <remarks>Nothing is parsed or built before the first answer is looked at: a plain call of one candidate pays nothing.</remarks>
internal sealed class AnswerDemands : IAnswerDemands
{
    private static readonly string[] _fields =
        ["response_format", "tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"];
    private static readonly JsonDocumentOptions _depth = new() { MaxDepth = CanonicalJson.MaxDepth };

    private readonly SchemaBudget _budget = new();
    private readonly Dictionary<string, string> _asked;
    private readonly Lazy<ToolDemands> _tools;
    private readonly Lazy<JsonDemand?> _json;

    private AnswerDemands(Dictionary<string, string> asked)
    {
        _asked = asked;
        _tools = new(() => ToolDemands.Read(
            Field("tools"), Field("functions"), Field("tool_choice") ?? Field("function_call"), Field("parallel_tool_calls"), _budget));
        _json = new(() => JsonDemand.Read(Field("response_format"), _budget));
    }

    public bool AreUnchecked => _budget.WasLeftUnchecked;

    public static AnswerDemands Read(RequestObject request)
    {
        // The request is gone when answers come, so its fields are kept as text.
        var asked = new Dictionary<string, string>();
        foreach (var name in _fields)
        {
            if (request.TryGet(name, out var value))
            {
                asked[name] = value.GetRawText();
            }
        }

        return new(asked);
    }

    public AnswerFlaw FlawOf(MessageContent content) =>
        _tools.Value.FlawOf(content.Calls) is var flaw && flaw is AnswerFlaw.None && content.Calls.Count == 0
            ? _json.Value?.FlawOf(content.Text) ?? AnswerFlaw.None
            : flaw;

    /// <returns>Null where <paramref name="text"/> is not JSON.</returns>
    internal static JsonElement? Parse(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, _depth);
            return json.RootElement.Clone();
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private JsonElement? Field(string name) => _asked.TryGetValue(name, out var text) ? Parse(text) : null;
}
