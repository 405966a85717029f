using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Preferences;

/// <summary>A pair as TRL and OpenRLHF have it: <c>chosen</c> and <c>rejected</c>, as lists of messages or, beside a <c>prompt</c>, as
/// texts.</summary>
/// <remarks>Without <c>prompt</c> the two lists are whole conversations, which must be equal up to their last message. Several images need
/// their places, <c>{"type": "image"}</c> parts.</remarks>
internal readonly struct ChosenRejectedRecord(string where, int number, JsonElement json, bool strip)
{
    private const int MaxMessages = 1024;

    private static readonly FieldNames s_fields = new(
        ["id", "prompt", "chosen", "rejected", "images", "margin", "score_chosen", "score_rejected", "metadata"],
        new Dictionary<string, string> { ["image"] = "images, a list of paths" });

    private static readonly FieldNames s_messageFields = new(["role", "content"]);

    private static readonly FieldNames s_partFields = new(["type", "text"]);

    /// <summary>Whether the record has this form and not the released one.</summary>
    public static bool IsOne(JsonElement json) => json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty("chosen", out _) && !json.TryGetProperty("conversations_a", out _);

    /// <param name="folder">Where the paths of images begin.</param>
    /// <exception cref="PreferenceDataException">A field is not as expected; the message names the record and the field.</exception>
    public PreferencePair Read(string folder)
    {
        var record = json;
        PreferenceFile.Told(where, () =>
        {
            JsonText.CheckWhole(record);
            s_fields.Check(record);
            return true;
        });
        var images = PreferenceFile.Pictures(where, json, "images", folder);
        var prompt = json.TryGetProperty("prompt", out var value) ? Messages(": prompt", value, "user") : null;
        var chosen = Conversation("chosen", prompt, images.Length);
        var rejected = Conversation("rejected", prompt, images.Length);
        return chosen.SkipLast(1).Select(m => (m.Role, m.Text)).SequenceEqual(rejected.SkipLast(1).Select(m => (m.Role, m.Text)))
            ? new(PreferenceFile.Id(where, number, json), chosen, rejected, images)
            : throw new PreferenceDataException($"{where}: chosen and rejected must be equal up to their last message; they are not.");
    }

    private ChatMessage[] Conversation(string field, ChatMessage[]? prompt, int images)
    {
        json.TryGetProperty(field, out var value);
        if (prompt is null && value.ValueKind == JsonValueKind.String)
        {
            throw new PreferenceDataException($"{where}: {field}: expected a list of messages, or a prompt beside the text.");
        }

        ChatMessage[] messages = [.. prompt ?? [], .. Messages($": {field}", value, "assistant")];
        if (messages[^1].Role != "assistant")
        {
            throw new PreferenceDataException(
                $"{where}: {field}: expected an assistant's answer at the end, found a message from {messages[^1].Role}.");
        }

        var places = messages.Sum(m => m.Text.Split(PreferenceFile.Placeholder).Length - 1);
        return places == images || (places == 0 && images == 1) ? messages
            : throw new PreferenceDataException(string.Create(
                CultureInfo.InvariantCulture, $"{where}: {field}: expected {images} image parts, one for each image, found {places}."));
    }

    private ChatMessage[] Messages(string field, JsonElement value, string roleOfText)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return [new(roleOfText, Stripped(value.GetString()!))];
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxMessages)
        {
            throw PreferenceFile.Unexpected(where, field, $"a text, or a list of 1 to {MaxMessages} messages", value);
        }

        var messages = new ChatMessage[value.GetArrayLength()];
        for (var i = 0; i < messages.Length; i++)
        {
            messages[i] = Message(value[i], string.Create(CultureInfo.InvariantCulture, $"{field}[{i}]"));
        }

        return messages;
    }

    private ChatMessage Message(JsonElement message, string field)
    {
        if (message.ValueKind != JsonValueKind.Object)
        {
            throw PreferenceFile.Unexpected(where, field, "an object with role and content", message);
        }

        PreferenceFile.Told(where, () =>
        {
            s_messageFields.Check(message, $"{field.TrimStart(':', ' ')}.");
            return true;
        });
        message.TryGetProperty("role", out var role);
        if (role.ValueKind != JsonValueKind.String || role.GetString() is not ("system" or "user" or "assistant"))
        {
            throw PreferenceFile.Unexpected(where, $"{field}.role", "system, user or assistant", role);
        }

        message.TryGetProperty("content", out var content);
        var text = content.ValueKind switch
        {
            JsonValueKind.String => content.GetString()!,
            JsonValueKind.Array => Parts(content, $"{field}.content"),
            _ => throw PreferenceFile.Unexpected(where, $"{field}.content", "a text or a list of parts", content),
        };
        return new(role.GetString()!, Stripped(text));
    }

    private string Parts(JsonElement parts, string field)
    {
        var text = new System.Text.StringBuilder();
        foreach (var part in parts.EnumerateArray())
        {
            var type = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var named)
                && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
            if (type == "image")
            {
                text.Append(PreferenceFile.Placeholder);
            }
            else if (type == "text" && part.TryGetProperty("text", out var words) && words.ValueKind == JsonValueKind.String)
            {
                text.Append(words.GetString());
            }
            else
            {
                throw PreferenceFile.Unexpected(where, field, "parts of the types text and image", part);
            }

            PreferenceFile.Told(where, () =>
            {
                s_partFields.Check(part, $"{field.TrimStart(':', ' ')}.");
                return true;
            });
        }

        return text.ToString();
    }

    private string Stripped(string text) => strip ? text.Trim() : text;
}
