using System.Text.Json;
using BestOfN.Core.Selection;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>Which tools an answer may call, which it must, and with what.</summary>
internal sealed class ToolDemands
{
    private readonly Dictionary<string, SchemaCheck?> _offered = new(StringComparer.Ordinal);
    private bool _offersOthers;
    private bool _mayCall = true;
    private bool _mustCall;
    private bool _mayCallSeveral = true;
    private HashSet<string>? _chosen;

    /// <param name="tools"><c>tools</c> as it came.</param>
    /// <param name="functions">Its older name.</param>
    /// <param name="choice"><c>tool_choice</c> or <c>function_call</c>.</param>
    /// <param name="parallel"><c>parallel_tool_calls</c>.</param>
    /// <param name="budget">What checking may cost.</param>
    public static ToolDemands Read(
        JsonElement? tools, JsonElement? functions, JsonElement? choice, JsonElement? parallel, SchemaBudget budget)
    {
        var demands = new ToolDemands { _mayCallSeveral = parallel is not { ValueKind: JsonValueKind.False } };
        foreach (var tool in Items(tools))
        {
            if ((Child(tool, "function") ?? Child(tool, "custom")) is { } named && NameOf(named) is { } name)
            {
                demands._offered[name] = SchemaOf(named, budget);
            }
            else
            {
                demands._offersOthers = true; // a tool of the server's own, whose calls may bear any name
            }
        }

        foreach (var function in Items(functions))
        {
            if (NameOf(function) is { } name)
            {
                demands._offered[name] = SchemaOf(function, budget);
            }
        }

        demands.Choose(choice);
        return demands;
    }

    public AnswerFlaw FlawOf(IReadOnlyList<ToolCall> calls)
    {
        if (calls.Any(call => !IsRight(call)))
        {
            return AnswerFlaw.BadToolCall;
        }

        return (calls.Count == 0 && _mustCall) || (calls.Count > 0 && !_mayCall) || (calls.Count > 1 && !_mayCallSeveral)
            || calls.Any(call => _chosen?.Contains(call.Name) is false)
            ? AnswerFlaw.WrongToolChoice
            : AnswerFlaw.None;
    }

    private bool IsRight(ToolCall call)
    {
        if (!_offered.TryGetValue(call.Name, out var parameters))
        {
            return _offersOthers;
        }

        if (call.Type is not ToolCall.Function)
        {
            return true;
        }

        // Some servers write nothing where a tool takes nothing.
        var input = string.IsNullOrWhiteSpace(call.Input) ? "{}" : call.Input;
        return AnswerDemands.Parse(input) is { ValueKind: JsonValueKind.Object } arguments
            && (parameters is null || parameters.Fits(arguments, call.Input.Length));
    }

    private void Choose(JsonElement? choice)
    {
        if (choice is { ValueKind: JsonValueKind.String } word)
        {
            _mayCall = word.GetString() is not "none";
            _mustCall = word.GetString() is "required" or "any";
        }
        else if (choice is { ValueKind: JsonValueKind.Object } chosen)
        {
            if (Child(chosen, "allowed_tools") is { } allowed)
            {
                _mustCall = allowed.TryGetProperty("mode", out var mode) && mode.ValueKind is JsonValueKind.String
                    && mode.ValueEquals("required");
                _chosen = [.. Items(allowed.TryGetProperty("tools", out var tools) ? tools : null)
                    .Select(tool => NameOf(Child(tool, "function") ?? Child(tool, "custom") ?? tool)).OfType<string>()];
            }
            else if (NameOf(Child(chosen, "function") ?? Child(chosen, "custom") ?? chosen) is { } name)
            {
                _mustCall = true;
                _chosen = [name];
            }
        }
    }

    private static SchemaCheck? SchemaOf(JsonElement function, SchemaBudget budget) =>
        Child(function, "parameters") is { } parameters ? new(parameters, budget) : null;

    private static IEnumerable<JsonElement> Items(JsonElement? array) =>
        array is { ValueKind: JsonValueKind.Array } items
            ? items.EnumerateArray().Where(item => item.ValueKind is JsonValueKind.Object)
            : [];

    private static JsonElement? Child(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var child) && child.ValueKind is JsonValueKind.Object ? child : null;

    private static string? NameOf(JsonElement named) =>
        named.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String ? name.GetString() : null;
}
