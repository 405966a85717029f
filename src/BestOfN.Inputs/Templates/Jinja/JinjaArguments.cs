namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Evaluated arguments of a call.</summary>
internal sealed class JinjaArguments(IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
{
    public static readonly JinjaArguments None = new([], new Dictionary<string, object?>());

    public IReadOnlyList<object?> Positional { get; } = positional;

    public IReadOnlyDictionary<string, object?> Named { get; } = named;

    public bool Has(int index, string name) => index < Positional.Count || Named.ContainsKey(name);

    public object? Get(int index, string name, object? otherwise) =>
        index < Positional.Count ? Positional[index] : Named.TryGetValue(name, out var value) ? value : otherwise;

    public object? Need(int index, string name) => Has(index, name) ? Get(index, name, null)
        : throw new JinjaException($"argument '{name}' is missing");

    public string? Text(int index, string name, string? otherwise) => Get(index, name, otherwise) switch
    {
        string text => text,
        null => null,
        _ => throw new JinjaException($"argument '{name}' must be a string"),
    };

    public long Integer(int index, string name, long otherwise) => Get(index, name, otherwise) switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw new JinjaException($"argument '{name}' must be an integer"),
    };

    public bool Flag(int index, string name) => JinjaValue.IsTrue(Get(index, name, false));

    /// <summary>Refuses arguments that the function does not have.</summary>
    /// <param name="of">Name of the function, for the error.</param>
    /// <param name="names">Parameters of the function, in order.</param>
    /// <param name="byName">False where arguments have no names, as in methods of strings.</param>
    /// <exception cref="JinjaException">There are more, or others.</exception>
    public void Expect(string of, ReadOnlySpan<string> names, bool byName = true)
    {
        if (Positional.Count > names.Length)
        {
            throw new JinjaException($"{of} takes at most {names.Length} arguments, not {Positional.Count}");
        }

        foreach (var name in Named.Keys)
        {
            var index = names.IndexOf(name);
            if (index < 0 || !byName)
            {
                throw new JinjaException($"{of} has no argument '{name}'");
            }

            if (index < Positional.Count)
            {
                throw new JinjaException($"{of} has argument '{name}' twice");
            }
        }
    }

    public JinjaArguments After(int count) => new([.. Positional.Skip(count)], Named);
}
