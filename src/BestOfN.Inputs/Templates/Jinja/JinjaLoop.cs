namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class JinjaLoop(IReadOnlyList<object?> items, JinjaBudget budget)
{
    private object? _lastChanged = new JinjaUndefined("nothing");

    public int Index { get; set; }

    public object? Get(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => 1L, // counts recursive loops, of which there are none
        "depth0" => 0L,
        "previtem" => Index > 0 ? items[Index - 1] : new JinjaUndefined("there is no previous item"),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new JinjaUndefined("there is no next item"),
        "cycle" => (JinjaFunction)(a => a.Named.Count == 0 && a.Positional.Count > 0 ? a.Positional[Index % a.Positional.Count]
            : throw new JinjaException("cycle needs items")),
        "changed" => (JinjaFunction)(a => Changed(a)),
        _ => new JinjaUndefined($"loop has no '{name}'"),
    };

    private bool Changed(JinjaArguments arguments)
    {
        var value = arguments.Positional.ToArray();
        var changed = !JinjaValue.AreEqual(_lastChanged, value, budget);
        _lastChanged = value;
        return changed;
    }
}
