using System.Text;
using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Core.Selection;

/// <summary>What a reward model reads of a message: its text, then its refusal and its tool calls, one <c>name(input)</c> a line.</summary>
/// <remarks>Without the calls, all candidates that only call tools would look alike.</remarks>
public static class JudgedText
{
    public static string Of(Candidate candidate) => Of(MessageContent.Of(candidate));

    /// <summary>The refusal and the calls of a message, without its text.</summary>
    /// <param name="message">The message object, as OpenAI's protocol writes it.</param>
    public static string WithoutText(JsonElement message) => Of(MessageContent.Of(message) with { Text = "" });

    public static string Of(MessageContent content)
    {
        if (content is { Refusal: "", Calls: [] })
        {
            return content.Text;
        }

        var judged = new StringBuilder(content.Text);
        if (content.Refusal.Length > 0)
        {
            Append(judged, content.Refusal);
        }

        foreach (var call in content.Calls)
        {
            Append(judged, $"{call.Name}({call.Input})");
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
}
