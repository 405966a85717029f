using System.Runtime.InteropServices;
using System.Text.Json;

namespace BestOfN.Gateway.Chat;

/// <summary>An upstream's further fields in a stream: which of them a client has seen.</summary>
internal sealed class SentFields
{
    private readonly Dictionary<string, byte[]> _sent = new(StringComparer.Ordinal);

    /// <summary>All of a piece's fields.</summary>
    /// <returns>Null if there are none.</returns>
    public IDictionary<string, JsonElement>? All(IReadOnlyDictionary<string, JsonElement> fields)
    {
        foreach (var (name, value) in fields)
        {
            _sent[name] = JsonMarshal.GetRawUtf8Value(value).ToArray();
        }

        return fields.Count == 0 ? null : new Dictionary<string, JsonElement>(fields);
    }

    /// <summary>
    /// The fields of a finished answer that have not been sent with this value. A list has come in pieces, so that it is not sent again as
    /// a whole.
    /// </summary>
    /// <returns>Null if there are none.</returns>
    public IDictionary<string, JsonElement>? New(IReadOnlyDictionary<string, JsonElement> fields)
    {
        var unsent = fields.Where(field => !_sent.TryGetValue(field.Key, out var known)
            || (field.Value.ValueKind is not JsonValueKind.Array
                && !JsonMarshal.GetRawUtf8Value(field.Value).SequenceEqual(known))).ToDictionary();
        return unsent.Count == 0 ? null : unsent;
    }
}
