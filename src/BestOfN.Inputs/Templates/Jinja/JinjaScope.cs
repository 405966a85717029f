namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Names and values of one scope; other names are looked up in the scope around it.</summary>
internal sealed class JinjaScope(JinjaScope? outer)
{
    private readonly Dictionary<string, object?> _values = [];

    /// <summary>How many scopes lie around this one.</summary>
    public int Depth { get; } = outer is null ? 0 : outer.Depth + 1;

    public void Set(string name, object? value) => _values[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    private JinjaScope? Outer { get; } = outer;
}
