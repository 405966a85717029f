using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>A JSON value that arrives in pieces, as the deltas of a stream bring it. Unknown fields are merged like the others.</summary>
/// <remarks>
/// Strings that are known to be text are joined; every other string is an identity or a state, which servers repeat or replace, so the last
/// one counts. Objects are merged field by field. An element of an array continues an earlier one with the same <c>index</c>, or the last
/// one where both are parts of text of the same type; every other element is kept in its own bytes. Tool calls have rules of their own
/// (<see cref="MergedToolCalls"/>).
/// </remarks>
internal sealed class MergedValue
{
    private StringBuilder? _text;
    private OrderedDictionary<string, MergedValue>? _fields;
    private List<MergedValue>? _items;
    private MergedToolCalls? _calls;
    private byte[]? _raw;

    /// <summary>The string so far; null if this is no string.</summary>
    public StringBuilder? Text => _text;

    public bool IsObject => _fields is not null;

    /// <summary>How many elements the array has.</summary>
    public int Items => _items?.Count ?? 0;

    public MergedToolCalls? Calls => _calls;

    /// <summary>Whether strings of fields with this name are joined.</summary>
    public static bool IsText(string name) =>
        name is "content" or "text" or "reasoning" or "refusal" or "arguments" or "input" or "thinking" or "thought" or "thoughts"
            or "data" or "summary"
            or "transcript" or "output" or "partial_json"
        || name.EndsWith("_content", StringComparison.Ordinal) || name.EndsWith("_text", StringComparison.Ordinal);

    public MergedValue Field(string name)
    {
        _fields ??= new(StringComparer.Ordinal);
        if (!_fields.TryGetValue(name, out var field))
        {
            _fields[name] = field = new();
        }

        return field;
    }

    /// <summary>A field that has come; null if it has not.</summary>
    public MergedValue? Find(string name) => _fields?.GetValueOrDefault(name);

    /// <summary>The string in a field; empty if there is none.</summary>
    public string TextOf(string name) => Find(name)?._text?.ToString() ?? "";

    /// <summary>Takes in a piece.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="name">The field that this value is in; empty for an array's element.</param>
    /// <param name="isWhole">Whether the piece is the whole value, whose elements are complete.</param>
    /// <returns>Whether it brought anything that a model generates, as opposed to nulls, empty strings and roles.</returns>
    public bool Add(JsonElement piece, string name, bool isWhole)
    {
        switch (piece.ValueKind)
        {
            case JsonValueKind.Null or JsonValueKind.Undefined:
                return false;
            case JsonValueKind.String:
                return AddText(JsonText.Read(piece), name);
            case JsonValueKind.Object:
                return AddFields(piece, isWhole);
            case JsonValueKind.Array when name is "tool_calls":
                _calls ??= new();
                return _calls.Add(piece, isWhole, news: null);
            case JsonValueKind.Array:
                return AddItems(piece, name, isWhole);
            default:
                _raw = JsonMarshal.GetRawUtf8Value(piece).ToArray();
                return false;
        }
    }

    /// <inheritdoc cref="MergedToolCalls.Add"/>
    public bool AddCalls(JsonElement calls, bool isWhole, List<ReadOnlyMemory<byte>>? news)
    {
        _calls ??= new();
        return _calls.Add(calls, isWhole, news);
    }

    public void Write(Utf8JsonWriter json)
    {
        if (_calls is not null)
        {
            _calls.Write(json);
        }
        else if (_items is not null)
        {
            json.WriteStartArray();
            foreach (var item in _items)
            {
                item.Write(json);
            }

            json.WriteEndArray();
        }
        else if (_fields is not null)
        {
            json.WriteStartObject();
            WriteFields(json, []);
            json.WriteEndObject();
        }
        else if (_text is not null)
        {
            json.WriteStringValue(JsonText.WellFormed(_text.ToString()));
        }
        else if (_raw is not null)
        {
            json.WriteRawValue(_raw, skipInputValidation: true);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    /// <summary>The fields in the order of their first arrival.</summary>
    public void WriteFields(Utf8JsonWriter json, ReadOnlySpan<string> except)
    {
        foreach (var (name, value) in _fields ?? [])
        {
            if (!except.Contains(name))
            {
                json.WritePropertyName(name);
                value.Write(json);
            }
        }
    }

    private static MergedValue TextPart(string text)
    {
        MergedValue part = new();
        part.Field("type").AddText("text", "type");
        part.Field("text").AddText(text, "text");
        return part;
    }

    private bool AddText(string piece, string name)
    {
        if (_items is not null)
        {
            return AddTextToItems(piece, name);
        }

        var isJoined = IsText(name) || (name is "name" && _text?.Equals(piece) is not true);
        _text ??= new();
        if (!isJoined && piece.Length > 0)
        {
            _text.Clear();
        }

        if (isJoined || piece.Length > 0)
        {
            _text.Append(piece);
        }

        return piece.Length > 0 && name is not "role";
    }

    /// <summary>Content that is a list goes on as a string: the string is its next part of text.</summary>
    private bool AddTextToItems(string piece, string name)
    {
        if (piece.Length == 0)
        {
            return false;
        }

        if (!IsText(name))
        {
            _items!.Add(new() { _text = new(piece) });
        }
        else if (_items!.Count > 0 && _items[^1].TextOf("type") is "text")
        {
            _items[^1].Field("text").AddText(piece, "text");
        }
        else
        {
            _items.Add(TextPart(piece));
        }

        return true;
    }

    private bool AddFields(JsonElement piece, bool isWhole)
    {
        _fields ??= new(StringComparer.Ordinal);
        var brought = false;
        foreach (var field in piece.EnumerateObject())
        {
            brought |= Field(field.Name).Add(field.Value, field.Name, isWhole);
        }

        return brought;
    }

    private bool AddItems(JsonElement piece, string name, bool isWhole)
    {
        _items ??= _text is { Length: > 0 } text ? [TextPart(text.ToString())] : [];
        var brought = false;
        foreach (var element in piece.EnumerateArray())
        {
            if (isWhole || element.ValueKind is not JsonValueKind.Object || !(HasIndex(element) || IsPart(element)))
            {
                _items.Add(new() { _raw = JsonMarshal.GetRawUtf8Value(element).ToArray() });
                brought = true;
                continue;
            }

            var item = _items.LastOrDefault(each => Continues(element, each, _items));
            if (item is null)
            {
                _items.Add(item = new());
            }

            brought |= item.AddFields(element, isWhole);
        }

        return brought;
    }

    private static bool Continues(JsonElement element, MergedValue item, List<MergedValue> items)
    {
        if (!item.IsObject || Differs(element, item, "type") || Differs(element, item, "id"))
        {
            return false;
        }

        // What comes after a signature is another thought.
        return HasIndex(element)
            ? item._fields!.TryGetValue("index", out var index)
                && index._raw.AsSpan().SequenceEqual(JsonMarshal.GetRawUtf8Value(element.GetProperty("index"u8)))
            : item == items[^1] && IsPart(element) && !item._fields!.ContainsKey("index") && item.TextOf("type").Length > 0
                && item.TextOf("signature").Length == 0;
    }

    private static bool Differs(JsonElement element, MergedValue item, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            && JsonText.Read(value) is { Length: > 0 } given
        && item.TextOf(name) is { Length: > 0 } known && given != known;

    private static bool HasIndex(JsonElement element) =>
        element.TryGetProperty("index"u8, out var index) && index.ValueKind is JsonValueKind.Number;

    /// <summary>Whether it is a part of text, which a stream tears into many.</summary>
    private static bool IsPart(JsonElement element) =>
        element.TryGetProperty("type"u8, out var type) && type.ValueKind is JsonValueKind.String && JsonText.Read(type) is var name
        && (name is "text" or "output_text" or "thinking" or "refusal" or "summary_text"
            || name.StartsWith("reasoning", StringComparison.Ordinal));
}
