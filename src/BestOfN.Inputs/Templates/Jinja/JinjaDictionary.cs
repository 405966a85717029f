namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>A mapping; keeps the order in which keys came.</summary>
internal sealed class JinjaDictionary() : OrderedDictionary<object, object?>(KeyComparer.Instance)
{
    public static JinjaDictionary Of(IEnumerable<KeyValuePair<object, object?>> items)
    {
        var dictionary = new JinjaDictionary();
        foreach (var (key, value) in items)
        {
            dictionary[key] = value;
        }

        return dictionary;
    }

    /// <summary>Hashes numbers with a secret, so that nobody can choose keys that all fall into one place.</summary>
    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        public new bool Equals(object? x, object? y) => object.Equals(x, y);

        public int GetHashCode(object key) => key is string text ? text.GetHashCode(StringComparison.Ordinal) : HashCode.Combine(key);
    }
}
