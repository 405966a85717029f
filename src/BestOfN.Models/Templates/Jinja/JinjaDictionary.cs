namespace BestOfN.Models.Templates.Jinja;

/// <summary>A mapping; keeps the order in which keys came.</summary>
internal sealed class JinjaDictionary : OrderedDictionary<object, object?>
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
}
