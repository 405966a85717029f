using System.Text;
using System.Text.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>A JSON value that arrives in pieces, as the deltas of a stream bring it. Fields that nobody here knows are merged like the others.</summary>
/// <remarks>
/// Strings are joined, objects merged field by field, array elements with an <c>index</c> merged by it (and lose it, as in a whole answer), other
/// elements appended in their own bytes, everything else replaced. An identity (<c>id</c>, <c>type</c>, <c>role</c>) is repeated by some servers and
/// therefore replaced; so is a function's <c>name</c> that is repeated whole.
/// </remarks>
internal sealed class MergedValue
{
    private StringBuilder? _text;
    private OrderedDictionary<string, MergedValue>? _fields;
    private SortedDictionary<int, MergedValue>? _indexed;
    private List<byte[]>? _items;
    private byte[]? _scalar;

    /// <summary>The string so far; null if this is no string.</summary>
    public StringBuilder? Text => _text;

    public bool IsObject => _fields is not null;

    /// <summary>Array elements without an index.</summary>
    public int Items => _items?.Count ?? 0;

    public MergedValue Field(string name)
    {
        _fields ??= new(StringComparer.Ordinal);
        if (!_fields.TryGetValue(name, out var field))
        {
            _fields[name] = field = new();
        }

        return field;
    }

    /// <summary>Takes in the value that <paramref name="reader"/> stands on, and leaves it on the value's last token.</summary>
    /// <param name="reader">Reads <paramref name="json"/>.</param>
    /// <param name="json">The whole piece.</param>
    /// <param name="name">The field this value is in; empty for an array's element.</param>
    /// <returns>Whether the piece brought anything that a model generates, as opposed to nulls, empty strings and roles.</returns>
    public bool Add(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string name)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return false;
            case JsonTokenType.String:
                return AddText(JsonText.Read(ref reader), name);
            case JsonTokenType.StartObject:
                return AddFields(ref reader, json, isIndexed: false);
            case JsonTokenType.StartArray:
                return AddItems(ref reader, json);
            default:
                _scalar = reader.ValueSpan.ToArray();
                return false;
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        if (_fields is not null)
        {
            json.WriteStartObject();
            WriteFields(json, []);
            json.WriteEndObject();
        }
        else if (_indexed is not null || _items is not null)
        {
            json.WriteStartArray();
            foreach (var element in _indexed?.Values ?? Enumerable.Empty<MergedValue>())
            {
                element.Write(json);
            }

            foreach (var item in _items ?? [])
            {
                json.WriteRawValue(item, skipInputValidation: true);
            }

            json.WriteEndArray();
        }
        else if (_text is not null)
        {
            json.WriteStringValue(JsonText.WellFormed(_text.ToString()));
        }
        else if (_scalar is not null)
        {
            json.WriteRawValue(_scalar);
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

    private bool AddText(string piece, string name)
    {
        _text ??= new();
        var isIdentity = name is "id" or "type" or "role";
        if (isIdentity ? piece.Length > 0 : name is "name" && _text.Equals(piece))
        {
            _text.Clear();
        }

        _text.Append(piece);
        return piece.Length > 0 && name is not "role";
    }

    private bool AddFields(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, bool isIndexed)
    {
        _fields ??= new(StringComparer.Ordinal);
        var brought = false;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            // Nearly every piece is content: its name is not made anew each time.
            var name = reader.ValueTextEquals("content"u8) ? "content" : reader.GetString()!;
            reader.Read();
            if (isIndexed && name is "index")
            {
                reader.Skip();
                continue;
            }

            brought |= Field(name).Add(ref reader, json, name);
        }

        return brought;
    }

    private bool AddItems(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var brought = false;
        _items ??= [];
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (reader.TokenType is JsonTokenType.StartObject && IndexOf(reader) is { } index)
            {
                _indexed ??= [];
                if (!_indexed.TryGetValue(index, out var element))
                {
                    _indexed[index] = element = new();
                }

                brought |= element.AddFields(ref reader, json, isIndexed: true);
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            _items.Add(json[start..(int)reader.BytesConsumed].ToArray());
            brought = true;
        }

        return brought;
    }

    // Looks ahead: the reader is a copy.
    private static int? IndexOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isIndex = reader.ValueTextEquals("index"u8);
            reader.Read();
            if (isIndex)
            {
                return reader.TokenType is JsonTokenType.Number && reader.TryGetInt32(out var index) ? index : null;
            }

            reader.Skip();
        }

        return null;
    }
}
