using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>The tool calls of a message, as a stream brings them.</summary>
/// <remarks>
/// A piece with an id that is not known opens a call; so does one with a name, where the call it would continue is complete or has another
/// name. Any other piece continues the call with its id or its index, or the last one. Servers leave the index out, write null or give all
/// calls the same.
/// </remarks>
internal sealed class MergedToolCalls
{
    private readonly List<Call> _calls = [];

    public int Count => _calls.Count;

    /// <summary>Takes in the calls of one message or delta.</summary>
    /// <param name="calls">The array.</param>
    /// <param name="isWhole">Whether every element is a complete call.</param>
    /// <param name="news">Gets the elements (UTF-8 JSON) with the right index and without what was said before; null where they are not
    /// needed.</param>
    /// <returns>Whether anything came that a model generates.</returns>
    public bool Add(JsonElement calls, bool isWhole, List<ReadOnlyMemory<byte>>? news)
    {
        var brought = false;
        HashSet<Call> named = [];
        foreach (var piece in calls.EnumerateArray())
        {
            if (piece.ValueKind is not JsonValueKind.Object)
            {
                continue;
            }

            var id = StringIn(piece, "id");
            var name = NameIn(piece);
            var hasIndex = piece.TryGetProperty("index"u8, out var number) && number.ValueKind is JsonValueKind.Number;
            int? index = hasIndex && number.TryGetInt32(out var value) ? value : null;
            var call = isWhole ? null : Find(id, index);
            if (call is null || Opens(call, id, name, index is not null, named.Contains(call)))
            {
                _calls.Add(call = new(_calls.Count));
            }
            else
            {
                // Most often the last call goes on.
                _calls.Remove(call);
                _calls.Add(call);
            }

            if (name.Length > 0)
            {
                named.Add(call);
            }

            call.Index = index ?? call.Index;
            if (news is not null && News(call, piece) is { IsEmpty: false } element)
            {
                news.Add(element);
            }

            foreach (var field in piece.EnumerateObject().Where(field => !field.NameEquals("index"u8)))
            {
                // The id that a call began with is its id.
                if (!field.NameEquals("id"u8) || call.Id.Length == 0)
                {
                    brought |= call.Fields.Field(field.Name).Add(field.Value, field.Name, isWhole);
                }
            }
        }

        return brought;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var call in _calls.OrderBy(call => call.Place))
        {
            json.WriteStartObject();
            call.Fields.WriteFields(json, []);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private Call? Find(string id, int? index) =>
        (id.Length > 0 ? _calls.LastOrDefault(call => call.Id == id) : null)
        ?? (index is not null ? _calls.LastOrDefault(call => call.Index == index) : _calls.LastOrDefault());

    private static bool Opens(Call call, string id, string name, bool hasIndex, bool isNamedAlready)
    {
        if (id.Length > 0 && call.Id.Length > 0)
        {
            // Some servers make a new id for every piece: only a piece that names its function begins a call then.
            return id != call.Id && (name.Length > 0 || !hasIndex);
        }

        if (name.Length == 0 || call.Name.Length == 0)
        {
            return false;
        }

        return isNamedAlready || (call.Input.Length > 0 && (name != call.Name || IsComplete(call.Input)));
    }

    private static bool IsComplete(string arguments)
    {
        try
        {
            using var json = JsonDocument.Parse(arguments);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <returns>Empty if all of it is known.</returns>
    private static ReadOnlyMemory<byte> News(Call call, JsonElement piece)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteNumber("index"u8, call.Place);
        var isNews = false;
        foreach (var field in piece.EnumerateObject())
        {
            if (field.NameEquals("index"u8) || field.Value.ValueKind is JsonValueKind.Null || IsKnown(call, field))
            {
                continue;
            }

            if (field.Value.ValueKind is not JsonValueKind.Object)
            {
                WriteVerbatim(json, field);
                isNews = true;
                continue;
            }

            var known = call.Fields.Find(field.Name)?.TextOf("name") ?? "";
            var inner = field.Value.EnumerateObject().Where(part => !(part.NameEquals("name"u8) && IsSame(part.Value, known))).ToList();
            if (inner.Count > 0)
            {
                isNews = true;
                json.WriteStartObject(field.Name);
                foreach (var part in inner)
                {
                    WriteVerbatim(json, part);
                }

                json.WriteEndObject();
            }
        }

        json.WriteEndObject();
        json.Flush();
        return isNews ? buffer.WrittenMemory : default;
    }

    private static bool IsKnown(Call call, JsonProperty field) =>
        field.NameEquals("id"u8)
            ? call.Id.Length > 0 || IsSame(field.Value, "")
            : field.NameEquals("type"u8) && IsSame(field.Value, call.Fields.TextOf("type"));

    // An empty string says nothing that is not known.
    private static bool IsSame(JsonElement value, string known) =>
        value.ValueKind is JsonValueKind.Null
            || (value.ValueKind is JsonValueKind.String && JsonText.Read(value) is var text && (text.Length == 0 || text == known));

    private static void WriteVerbatim(Utf8JsonWriter json, JsonProperty field)
    {
        json.WritePropertyName(field.Name);
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(field.Value), skipInputValidation: true);
    }

    private static string NameIn(JsonElement piece) =>
        piece.TryGetProperty("function"u8, out var function) && StringIn(function, "name") is { Length: > 0 } name ? name
        : piece.TryGetProperty("custom"u8, out var custom) ? StringIn(custom, "name")
        : "";

    private static string StringIn(JsonElement element, string name) =>
        element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? JsonText.Read(value)
            : "";

    private sealed class Call(int place)
    {
        public int Place => place;

        public MergedValue Fields { get; } = new();

        /// <summary>The upstream's own number; null if it gave none.</summary>
        public int? Index { get; set; }

        public string Id => Fields.TextOf("id");

        public string Name => Inner("name");

        public string Input => Inner("arguments") is { Length: > 0 } arguments ? arguments : Inner("input");

        private string Inner(string name) =>
            Fields.Find("function")?.TextOf(name) is { Length: > 0 } text ? text : Fields.Find("custom")?.TextOf(name) ?? "";
    }
}
