using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Preferences;

/// <summary>Reads pairs in the released format (<c>id</c>, <c>conversations_a</c> (chosen), <c>conversations_b</c> (rejected), optional
/// <c>image</c>) and in that of TRL and OpenRLHF (<c>chosen</c>, <c>rejected</c>, optional <c>prompt</c> and <c>images</c>).</summary>
/// <remarks>A record without <c>id</c> has its number. Another field is refused, for it might have changed the pair; <c>metadata</c>,
/// scores and <c>margin</c> are passed over. A file is read record by record; what is kept is the text of the records, not
/// the pictures.</remarks>
internal static class PreferenceFile
{
    /// <summary>Where a picture belongs in a text.</summary>
    public const string Placeholder = ConversationRow.Placeholder;

    private const int MaxRecordLength = 16 << 20;
    private const int MaxMessages = 1024;
    private const int MaxPictures = 64;

    private static readonly JsonSerializerOptions s_json = new()
    {
        AllowTrailingCommas = true,
        MaxDepth = 16,
        AllowDuplicateProperties = false,
    };

    private static readonly FieldNames s_fields = new(
        ["id", "conversations_a", "conversations_b", "image", "metadata"],
        new Dictionary<string, string>
        {
            ["images"] = "image, a path or a list of paths",
            ["chosen"] = "conversations_a, or chosen with rejected and without conversations_a and conversations_b",
            ["rejected"] = "conversations_b, or rejected with chosen and without conversations_a and conversations_b",
            ["conversations"] = "conversations_a, beside conversations_b",
        });

    private static readonly FieldNames s_messageFields = new(
        ["from", "value"], new Dictionary<string, string> { ["role"] = "from", ["content"] = "value" });

    /// <param name="source">The file, and where its pictures are.</param>
    /// <param name="strip">Takes white space away around every message.</param>
    /// <exception cref="PreferenceDataException">The file is missing or not in the format, or a picture is missing; the message names the
    /// record and its field.</exception>
    public static IEnumerable<PreferencePair> Read(DataSource source, bool strip)
    {
        var folder = source.Images ?? Path.GetDirectoryName(Path.GetFullPath(source.Path))!;
        var number = 0;
        foreach (var (where, json) in Records(source.Path))
        {
            PreferencePair pair;
            try
            {
                number++;
                pair = ChosenRejectedRecord.IsOne(json) ? new ChosenRejectedRecord(where, number, json, strip).Read(folder)
                    : new Record(where, number, json, strip).Read(folder);
            }
            catch (InvalidOperationException e)
            {
                throw new PreferenceDataException($"{where}: a text in it is not valid Unicode.", e);
            }

            yield return pair;
        }
    }

    private static IEnumerable<(string Where, JsonElement Json)> Records(string path)
    {
        FileStream file;
        try
        {
            file = RegularFile.Open(path, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PreferenceDataException($"{path}: {e.Message}", e);
        }

        using (file)
        {
            var isList = FirstCharacter(file) == '[';
            file.Position = 0;
            foreach (var record in isList ? List(path, file) : Lines(path, file))
            {
                yield return record;
            }
        }
    }

    private static int FirstCharacter(FileStream file)
    {
        int next;
        do
        {
            next = file.ReadByte();
        }
        while (next is ' ' or '\t' or '\r' or '\n' or 0xEF or 0xBB or 0xBF);   // the last three: a byte-order mark
        return next;
    }

    private static IEnumerable<(string Where, JsonElement Json)> List(string path, FileStream file)
    {
        using var records = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(file, s_json).ToBlockingEnumerable().GetEnumerator();
        for (var i = 0; ; i++)
        {
            var where = string.Create(CultureInfo.InvariantCulture, $"{path}: record {i + 1}");
            try
            {
                if (!records.MoveNext())
                {
                    yield break;
                }
            }
            catch (JsonException e)
            {
                throw new PreferenceDataException($"{where}, line {e.LineNumber + 1}: {JsonText.Describe(e)}.", e);
            }
            catch (InvalidOperationException e)   // from the comparison of names
            {
                throw new PreferenceDataException($"{where}: the name of a field is not text.", e);
            }

            yield return (where, records.Current);
        }
    }

    private static IEnumerable<(string Where, JsonElement Json)> Lines(string path, FileStream file)
    {
        using var lines = JsonLines.Read(file).GetEnumerator();
        while (Told(path, lines.MoveNext))
        {
            var line = lines.Current;
            var where = string.Create(CultureInfo.InvariantCulture, $"{path}: line {line.Number}");
            if (line.Text is not { Length: <= MaxRecordLength })
            {
                throw new PreferenceDataException($"{where}: expected at most {MaxRecordLength} bytes.");
            }

            yield return (where, Told(where, line.Parse));
        }
    }

    /// <summary>The record's id, or its number.</summary>
    internal static string Id(string where, int number, JsonElement json) =>
        !json.TryGetProperty("id", out var value) ? number.ToString(CultureInfo.InvariantCulture)
        : value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString()
        : throw Unexpected(where, ": id", "a string or a number", value);

    /// <summary>Paths of the record's images, which are there.</summary>
    internal static string[] Pictures(string where, JsonElement json, string field, string folder)
    {
        if (!json.TryGetProperty(field, out var image) || image.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        JsonElement[] all = image.ValueKind == JsonValueKind.Array ? [.. image.EnumerateArray()] : [image];
        if (all.Length > MaxPictures)
        {
            throw new PreferenceDataException($"{where}: {field}: expected at most {MaxPictures} pictures, found {all.Length}.");
        }

        var paths = new string[all.Length];
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i].ValueKind != JsonValueKind.String || all[i].GetString() is not { Length: > 0 } name
                || name.Contains('\0', StringComparison.Ordinal))
            {
                throw Unexpected(where, $": {field}", "the path of a picture, or a list of paths", all[i]);
            }

            paths[i] = Path.Combine(folder, name);
            if (!File.Exists(paths[i]))
            {
                throw new PreferenceDataException($"{where}: {field}: {paths[i]} does not exist.");
            }
        }

        return paths;
    }

    /// <summary>The error of a field that is not as expected.</summary>
    internal static PreferenceDataException Unexpected(string where, string field, string expected, JsonElement found)
    {
        var text = found.ValueKind == JsonValueKind.Undefined ? "nothing" : found.GetRawText();
        return new($"{where}{field}: expected {expected}, found {(text.Length > 80 ? text[..80] + "…" : text)}.");
    }

    /// <summary>Runs a check whose error gets the place of the record.</summary>
    internal static T Told<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new PreferenceDataException($"{where}: {e.Message}{(e.Message.EndsWith('?') ? "" : ".")}", e);
        }
    }

    private readonly struct Record(string where, int number, JsonElement json, bool strip)
    {
        public PreferencePair Read(string folder)
        {
            if (json.ValueKind != JsonValueKind.Object)
            {
                throw Unexpected("", "an object", json);
            }

            var record = json;
            Told(where, () =>
            {
                JsonText.CheckWhole(record);
                s_fields.Check(record);
                return true;
            });
            var id = Id(where, number, json);
            var pictures = Pictures(where, json, "image", folder);
            return new PreferencePair(
                id, Conversation("conversations_a", pictures.Length), Conversation("conversations_b", pictures.Length), pictures);
        }

        private ChatMessage[] Conversation(string field, int pictures)
        {
            if (!json.TryGetProperty(field, out var list) || list.ValueKind != JsonValueKind.Array
                || list.GetArrayLength() is 0 or > MaxMessages)
            {
                throw Unexpected($": {field}", $"a list of 1 to {MaxMessages} messages", list);
            }

            var messages = new ChatMessage[list.GetArrayLength()];
            for (var i = 0; i < messages.Length; i++)
            {
                messages[i] = Message(list[i], string.Create(CultureInfo.InvariantCulture, $": {field}[{i}]"));
            }

            if (messages[^1].Role != "assistant")
            {
                throw new PreferenceDataException(
                    $"{where}: {field}: expected the answer of a bot at the end, found a message from {messages[^1].Role}.");
            }

            var places = messages.Sum(m => m.Text.Split(Placeholder).Length - 1);
            if (places != pictures && !(places == 0 && pictures == 1))
            {
                throw new PreferenceDataException(
                    $"{where}: {field}: expected {pictures} {Placeholder}, one for each picture, found {places}.");
            }

            return messages;
        }

        private ChatMessage Message(JsonElement message, string field)
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw Unexpected(field, "an object with from and value", message);
            }

            Told(where, () =>
            {
                s_messageFields.Check(message, $"{field.TrimStart(':', ' ')}.");
                return true;
            });
            message.TryGetProperty("from", out var from);
            var role = (from.ValueKind == JsonValueKind.String ? from.GetString() : null) switch
            {
                "human" or "user" => "user",
                "bot" => "assistant",
                "system" => "system",
                _ => throw Unexpected($"{field}.from", "human, user, bot or system", from),
            };
            var text = message.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!
                : throw Unexpected($"{field}.value", "a string", value);
            return new ChatMessage(role, strip ? text.Trim() : text);
        }

        private PreferenceDataException Unexpected(string field, string expected, JsonElement found) =>
            PreferenceFile.Unexpected(where, field, expected, found);
    }
}
