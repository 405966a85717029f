using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Chat;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards;

/// <summary>Reads conversations, and pairs of a question with its answer, in OpenAI's form.</summary>
internal static class MessageFields
{
    /// <summary>The messages of a field.</summary>
    /// <exception cref="ApiException">There are none, or one is not as it should be; it is named.</exception>
    public static IReadOnlyList<ChatMessage> Read(JsonElement messages, string path, ReadOnlyMemory<byte> body)
    {
        var reader = new ChatMessagesReader(body);
        return Checked(reader, reader.Read(messages, path));
    }

    /// <summary>A conversation that ends with the answer.</summary>
    /// <param name="messages">The whole conversation.</param>
    /// <param name="path">Where it stands in the request.</param>
    /// <param name="isOpen">Whether the answer may go on.</param>
    /// <exception cref="ApiException">It does not end with an answer, or nothing stands before it.</exception>
    public static SentMessages Conversation(IReadOnlyList<ChatMessage> messages, string path, bool isOpen = false) => messages switch
    {
        [_, .., { Role: "assistant" } answer] => new SentMessages(new Prompt([.. messages.SkipLast(1)]), Answer(answer, path, isOpen)),
        _ => throw ApiException.Invalid(
            $"'{path}' must end with a message of the assistant, the answer that is scored, and have one before it.", path,
                "invalid_value"),
    };

    /// <summary>What an answer says.</summary>
    /// <exception cref="ApiException">It shows images.</exception>
    public static Answer Answer(ChatMessage message, string path, bool isOpen = false) =>
        message.Parts.All(part => part is TextPart)
            ? new Answer(0, message.Text, !isOpen) { Fields = message.Fields.Count > 0 ? message.Fields : null }
            : throw ApiException.Invalid($"'{path}': an answer with images cannot be scored; images belong to the question.", path,
                "unsupported_content");

    /// <summary>One side of a pair: text, or an object with text or parts.</summary>
    public static IReadOnlyList<ContentPart> Side(JsonElement side, string path, ReadOnlyMemory<byte> body) => side.ValueKind switch
    {
        JsonValueKind.String => [new TextPart(side.GetString()!)],
        JsonValueKind.Object when side.TryGetProperty("content", out var content) => Content(content, $"{path}.content", body),
        JsonValueKind.Object when new RequestObject(side, path).Text("text") is { } text => [new TextPart(text)],
        JsonValueKind.Array when side.GetArrayLength() > 0 && side[0].ValueKind is JsonValueKind.Object => Content(side, path, body),
        _ => throw RequestObject.WrongType(path, "a string or an object with 'content'", side),
    };

    /// <summary>A question with its answer.</summary>
    /// <param name="prompt">The question; pairs with the same object share its computation.</param>
    /// <param name="answer">What the answer says.</param>
    /// <param name="path">Where the answer stands in the request.</param>
    public static SentMessages Pair(Prompt prompt, IReadOnlyList<ContentPart> answer, string path) =>
        new(prompt, Answer(new ChatMessage("assistant", answer), path));

    /// <summary>The user's turn, behind a system message where there is one.</summary>
    public static Prompt Question(IReadOnlyList<ContentPart> user, string? system = null) =>
        new(system is null ? [new ChatMessage("user", user)] : [new ChatMessage("system", system), new ChatMessage("user", user)]);

    private static IReadOnlyList<ContentPart> Content(JsonElement content, string path, ReadOnlyMemory<byte> body)
    {
        var reader = new ChatMessagesReader(body);
        return Checked(reader, reader.ReadContent(content, path));
    }

    private static IReadOnlyList<T> Checked<T>(ChatMessagesReader reader, IReadOnlyList<T> read) =>
        reader.UnsupportedContent is not { } field ? read
        : throw ApiException.Invalid($"'{field}': reward models read text, images and videos only.", field, "unsupported_content");
}
