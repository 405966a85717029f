using System.Text;
using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Core.Selection;

/// <summary>What a judge reads of a message: its text, then its refusal and its tool calls, one <c>name(arguments)</c> a line.</summary>
/// <remarks>Without the calls, all candidates that only call tools would look alike. Their ids are left out, for they differ in every candidate.</remarks>
public static class JudgedText
{
    public static string Of(Candidate candidate)
    {
        if (candidate.Text.Length > 0 && candidate.FinishReason is "stop" or "length" || candidate.Message.IsEmpty)
        {
            return candidate.Text;
        }

        using var message = JsonDocument.Parse(candidate.Message);
        return Of(candidate.Text, message.RootElement);
    }

    /// <param name="text">The text of the message.</param>
    /// <param name="message">The message object, as OpenAI's protocol writes it.</param>
    public static string Of(string text, JsonElement message)
    {
        var judged = new StringBuilder(text);
        if (message.TryGetProperty("refusal", out var refusal) && refusal.ValueKind is JsonValueKind.String)
        {
            Append(judged, refusal.GetString()!);
        }

        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind is JsonValueKind.Array)
        {
            foreach (var call in calls.EnumerateArray())
            {
                if (call.TryGetProperty("function", out var function) && function.ValueKind is JsonValueKind.Object)
                {
                    Append(judged, $"{StringIn(function, "name")}({StringIn(function, "arguments")})");
                }
            }
        }

        return judged.ToString();
    }

    private static void Append(StringBuilder judged, string line)
    {
        if (judged.Length > 0)
        {
            judged.Append('\n');
        }

        judged.Append(line);
    }

    private static string? StringIn(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.ValueKind is JsonValueKind.String ? value.GetString() : value.GetRawText() : null;
}
