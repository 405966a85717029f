using System.Text;
using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Core.Selection;

/// <summary>The form in which votes are counted: two candidates with the same key gave the same answer.</summary>
/// <remarks>
/// The whole text, without letter case, full-width forms folded, white space collapsed and trimmed. No final answer is cut out of a longer
/// text, so candidates that reason differently towards the same result count as different. The rest of Unicode's compatibility folding
/// needs ICU, which the product does not ask for. A text that is a JSON object or array, and the arguments of tool calls, are compared as
/// JSON values. Calls of one message count as a set: they are made at the same time, so their order says nothing.
/// </remarks>
public static class AnswerKey
{
    private const char FirstFullWidth = '\uFF01';
    private const char LastFullWidth = '\uFF5E';
    private const int FullWidthOffset = FirstFullWidth - '!';

    /// <summary>The key of a candidate: its text, refusal and tool calls.</summary>
    public static string Of(Candidate candidate) => Of(MessageContent.Of(candidate));

    internal static string Of(MessageContent content)
    {
        if (content is { Refusal: "", Calls: [] })
        {
            return Of(content.Text);
        }

        // One line for each thing said or done. No key of a text has a line break, so nothing said can be taken for something done.
        var calls = content.Calls
            .Select(call => $"call {JsonSerializer.Serialize(call.Type)} {JsonSerializer.Serialize(call.Name)} {InputKey(call)}")
            .Order(StringComparer.Ordinal);
        return string.Join('\n', (IEnumerable<string>)[$"text {Of(content.Text)}", $"refusal {Of(content.Refusal)}", .. calls]);
    }

    /// <summary>The key of an answer that is text alone.</summary>
    public static string Of(string text) => JsonKey(text) ?? TextKey(text);

    // What a custom tool is given is a program or a command, where each space and each letter's case may matter.
    private static string InputKey(ToolCall call) => call.Type is ToolCall.Custom
        ? JsonSerializer.Serialize(call.Input)
        : string.IsNullOrWhiteSpace(call.Input) ? "{}" : CanonicalJson.TryWrite(call.Input) ?? JsonSerializer.Serialize(call.Input);

    private static string? JsonKey(string text) => text.AsSpan().TrimStart() is ['{' or '[', ..] ? CanonicalJson.TryWrite(text) : null;

    private static string TextKey(string text)
    {
        var key = new StringBuilder(text.Length);
        var pendingSpace = false;
        foreach (var character in text)
        {
            if (char.IsWhiteSpace(character))
            {
                pendingSpace = key.Length > 0;
                continue;
            }

            if (pendingSpace)
            {
                key.Append(' ');
                pendingSpace = false;
            }

            key.Append(character is >= FirstFullWidth and <= LastFullWidth ? (char)(character - FullWidthOffset) : character);
        }

        // Upper case folds more than lower case does: both Greek small sigmas have one capital.
        return key.ToString().ToUpperInvariant();
    }
}
