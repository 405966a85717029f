using System.Text.Json;

namespace BestOfN.Inputs.Records;

/// <summary>The fields that an object may have: another would be passed over without a word, and what its author meant with it.</summary>
/// <param name="known">All of them.</param>
/// <param name="meant">Names from other formats, and which field here says the same.</param>
public sealed class FieldNames(IReadOnlyList<string> known, IReadOnlyDictionary<string, string>? meant = null)
{
    /// <param name="value">An object.</param>
    /// <param name="path">What the object is called, with a dot behind it; empty for the outermost.</param>
    /// <exception cref="InvalidDataException">It has another field; the message names the
    /// field, and the one that was probably meant.</exception>
    public void Check(JsonElement value, string path = "")
    {
        foreach (var member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                throw new InvalidDataException(Unknown(member.Name, path));
            }
        }
    }

    /// <summary>What to say of a field that is not known.</summary>
    public string Unknown(string name, string path = "") =>
        $"{path}{name}: not a field that is read"
            + (Suggestion(name) is { } suggestion ? $"; did you mean {suggestion}?" : $"; known are {string.Join(", ", known)}");

    private string? Suggestion(string name) => meant is not null && meant.TryGetValue(name, out var other) ? other
        : known.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase) || EditDistance.Between(k, name) == 1);
}
