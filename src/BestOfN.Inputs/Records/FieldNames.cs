using System.Text.Json;

namespace BestOfN.Inputs.Records;

/// <summary>The fields that an object may have. Any other is an error, because ignoring it would hide a mistake of its author.</summary>
/// <param name="known">All allowed names.</param>
/// <param name="meant">Names from other formats, each with the field that means the same here.</param>
public sealed class FieldNames(IReadOnlyList<string> known, IReadOnlyDictionary<string, string>? meant = null)
{
    /// <param name="value">An object.</param>
    /// <param name="path">Path of the object with a dot at its end; empty for the outermost one.</param>
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

    /// <summary>The message for an unknown field.</summary>
    public string Unknown(string name, string path = "") =>
        $"{path}{name}: not a field that is read"
            + (Suggestion(name) is { } suggestion ? $"; did you mean {suggestion}?" : $"; known are {string.Join(", ", known)}");

    private string? Suggestion(string name) => meant is not null && meant.TryGetValue(name, out var other) ? other
        : known.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase) || EditDistance.Between(k, name) == 1);
}
