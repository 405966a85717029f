using System.Text.Json;
using BestOfN.Core.Prompts;

namespace BestOfN.Models.Scoring;

/// <summary>One line of a file to be scored: a conversation, a prompt with candidates, or token ids.</summary>
internal sealed record ScoringRow
{
    /// <summary>From 1.</summary>
    public required int Line { get; init; }

    /// <summary>The id as the file writes it, quotes included.</summary>
    public required string Id { get; init; }

    /// <summary>The conversation up to the answers; empty where the row holds token ids.</summary>
    public IReadOnlyList<ChatMessage> Prompt { get; init; } = [];

    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The row asked for a list of scores.</summary>
    public bool HasCandidates { get; init; }

    public int[]? InputIds { get; init; }

    /// <exception cref="InvalidDataException">The line is none of the three; the message says what is wrong, not where.</exception>
    public static ScoringRow Parse(string text, int line)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Parse(document.RootElement, line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The id of a line of output, or null where the line was cut off.</summary>
    public static string? IdOf(string outputLine)
    {
        try
        {
            using var document = JsonDocument.Parse(outputLine);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var id) ? id.GetRawText() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ScoringRow Parse(JsonElement root, int line)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"expected an object, found {root.ValueKind}");
        }

        if (!root.TryGetProperty("id", out var id) || id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
        {
            throw new InvalidDataException("id: expected a string or a number");
        }

        var row = new ScoringRow { Line = line, Id = id.GetRawText() };
        if (root.TryGetProperty("input_ids", out var ids))
        {
            return root.TryGetProperty("messages", out _)
                ? throw new InvalidDataException("expected messages or input_ids, found both")
                : row with { InputIds = Ids(ids) };
        }

        var messages = Messages(root);
        if (root.TryGetProperty("candidates", out var candidates))
        {
            if (messages[^1].Role == "assistant")
            {
                throw new InvalidDataException("messages: expected to end with the user's where there are candidates, found assistant");
            }

            return candidates.ValueKind == JsonValueKind.Array && candidates.GetArrayLength() > 0 && candidates.EnumerateArray().All(c => c.ValueKind == JsonValueKind.String)
                ? row with { Prompt = messages, Answers = [.. candidates.EnumerateArray().Select(c => c.GetString()!)], HasCandidates = true }
                : throw new InvalidDataException("candidates: expected a list of strings, at least one");
        }

        return messages[^1].Role == "assistant"
            ? row with { Prompt = messages[..^1], Answers = [messages[^1].Text] }
            : throw new InvalidDataException($"messages: expected to end with an assistant message, or candidates; found {messages[^1].Role}");
    }

    private static ChatMessage[] Messages(JsonElement root)
    {
        if (!root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw new InvalidDataException("expected messages, a list with at least one, or input_ids");
        }

        return [.. messages.EnumerateArray().Select((m, i) => Message(m, i))];
    }

    private static ChatMessage Message(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String)
        {
            throw new InvalidDataException($"messages[{index}].role: expected a string");
        }

        var content = message.TryGetProperty("content", out var found) ? found : default;
        return content.ValueKind switch
        {
            JsonValueKind.String => new ChatMessage(role.GetString()!, content.GetString()!),
            JsonValueKind.Array => new ChatMessage(role.GetString()!, [.. content.EnumerateArray().Select(part => Part(part, index))]),
            _ => throw new InvalidDataException($"messages[{index}].content: expected a string or a list of text parts"),
        };
    }

    private static TextPart Part(JsonElement part, int index) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? new TextPart(text.GetString()!)
            : throw new InvalidDataException($"messages[{index}].content: expected text parts only");

    private static int[] Ids(JsonElement ids)
    {
        if (ids.ValueKind != JsonValueKind.Array || ids.GetArrayLength() == 0)
        {
            throw new InvalidDataException("input_ids: expected a list of token ids, at least one");
        }

        return [.. ids.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt32(out var id) && id >= 0
            ? id
            : throw new InvalidDataException($"input_ids: expected whole numbers from 0, found {i.GetRawText()}"))];
    }
}
