using System.Diagnostics.CodeAnalysis;
using System.Text;
using BestOfN.Core.Prompts;

namespace BestOfN.Inputs.Templates.Written;

/// <summary>Reads the text that a chat template wrote back into messages, where it is exactly of a known grammar.</summary>
/// <remarks>
/// <code>
/// text := [BOS] turn+ tail?          turn := START role SEPARATOR content END ["\n"]
/// tail := (EOS | REWARD | "\n")*     the last turn may have no END
/// </code>
/// No content is trimmed. Thread-safe.
/// </remarks>
public static class WrittenText
{
    private static readonly string[] s_begins = ["<s>", "<|begin_of_text|>", "<bos>", "<|endoftext|>"];
    private static readonly string[] s_ends =
        ["</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>", "<|reward|>", "[UNUSED_TOKEN_130]", "\n"];
    private static readonly string[] s_roles = ["system", "user", "assistant", "tool", "developer", "ipython", "model"];

    // What the templates of Qwen and of Llama 3 write where the conversation has no system message.
    private const string QwenDefault = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";
    private const string LlamaDefault = "Cutting Knowledge Date:";

    /// <summary>Names of the families of templates that can be written.</summary>
    public static IReadOnlyList<string> Templates { get; } = [.. ChatMarks.All.Select(marks => marks.Name)];

    /// <summary>Reads a text.</summary>
    /// <param name="text">Prompt and answer as one text.</param>
    /// <param name="dropsDefaultSystem">Whether the system message that a template writes by itself is left out.</param>
    /// <returns>Null where the text is not of a known grammar, or has no answer.</returns>
    public static WrittenConversation? Read(string text, bool dropsDefaultSystem = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var begin = s_begins.FirstOrDefault(each => text.StartsWith(each, StringComparison.Ordinal))?.Length ?? 0;
        var rest = text.AsSpan(begin);
        foreach (var marks in ChatMarks.All)
        {
            if (!rest.StartsWith(marks.Start, StringComparison.Ordinal))
            {
                continue;
            }

            foreach (var strange in ChatMarks.All.Where(other => other != marks).SelectMany(other => other.Telling))
            {
                if (strange.Length > 0 && rest.Contains(strange, StringComparison.Ordinal))
                {
                    return null;
                }
            }

            return Turns(text, begin, marks, dropsDefaultSystem);
        }

        return null;
    }

    /// <summary>Writes a conversation as a chat template of a known family does, without BOS.</summary>
    /// <param name="template">The family: <c>chatml</c>, <c>chatml-unused</c>, <c>llama3</c> or <c>gemma</c>.</param>
    /// <param name="messages">The messages, the answer last.</param>
    /// <param name="isComplete">Whether the end of the answer is marked.</param>
    /// <exception cref="ArgumentException">There is no such family, or a content holds a mark of it, so that it would be read as
    /// another.</exception>
    public static string Write(string template, IReadOnlyList<ChatMessage> messages, bool isComplete)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var marks = ChatMarks.All.FirstOrDefault(each => each.Name == template)
            ?? throw new ArgumentException($"There is no family of templates '{template}'.", nameof(template));
        var text = new StringBuilder();
        foreach (var (index, message) in messages.Index())
        {
            if (marks.Telling.Any(mark => mark.Length > 0 && message.Text.Contains(mark, StringComparison.Ordinal)))
            {
                throw new ArgumentException($"Message {index} holds a mark of the template '{template}' as text.", nameof(messages));
            }

            var role = message.Role == "assistant" && marks.Name == "gemma" ? "model" : message.Role;
            text.Append(marks.Start).Append(role).Append(marks.Separator).Append(message.Text);
            if (isComplete || index < messages.Count - 1)
            {
                text.Append(marks.End).Append(marks.Name == "llama3" ? "" : "\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Whether a known chat template has left any mark in a text.</summary>
    public static bool HasMarks(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return ChatMarks.All.SelectMany(marks => marks.Telling)
            .Any(mark => mark.Length > 0 && text.Contains(mark, StringComparison.Ordinal));
    }

    private static WrittenConversation? Turns(string text, int position, ChatMarks marks, bool dropsDefaultSystem)
    {
        var messages = new List<ChatMessage>();
        var isTruncated = false;
        while (position < text.Length)
        {
            if (!text.AsSpan(position).StartsWith(marks.Start, StringComparison.Ordinal))
            {
                if (!IsTail(text.AsSpan(position)))
                {
                    return null;
                }

                break;
            }

            if (!TryReadRole(text, ref position, marks, out var role))
            {
                return null;
            }

            var end = text.IndexOf(marks.End, position, StringComparison.Ordinal);
            isTruncated = end < 0;
            var content = isTruncated ? WithoutTail(text[position..]) : text[position..end];
            if (content.Contains(marks.Start, StringComparison.Ordinal))
            {
                return null;
            }

            messages.Add(new ChatMessage(role, content));
            if (isTruncated)
            {
                break;
            }

            position = end + marks.End.Length;
            if (position < text.Length && text[position] == '\n')
            {
                position++;
            }
        }

        if (messages is not [.., { Role: "assistant" } answer] || (isTruncated && answer.Text.Length == 0))
        {
            return null;
        }

        return new(marks.Name, dropsDefaultSystem ? WithoutDefault(messages) : messages, isTruncated);
    }

    private static bool TryReadRole(string text, ref int position, ChatMarks marks, [NotNullWhen(true)] out string? role)
    {
        var start = position + marks.Start.Length;
        role = s_roles.FirstOrDefault(each => text.AsSpan(start).StartsWith(each, StringComparison.Ordinal)
            && text.AsSpan(start + each.Length).StartsWith(marks.Separator, StringComparison.Ordinal));
        if (role is null)
        {
            return false;
        }

        position = start + role.Length + marks.Separator.Length;
        role = role == "model" ? "assistant" : role;
        return true;
    }

    private static bool IsTail(ReadOnlySpan<char> rest)
    {
        while (rest.Length > 0)
        {
            var length = 0;
            foreach (var mark in s_ends)
            {
                length = rest.StartsWith(mark, StringComparison.Ordinal) ? mark.Length : length;
            }

            if (length == 0)
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }

    // A newline at the end of an answer that was cut is the answer's own, unless a mark follows it.
    private static string WithoutTail(string content)
    {
        for (var cut = true; cut;)
        {
            cut = false;
            foreach (var mark in s_ends.Where(mark => mark != "\n" && content.EndsWith(mark, StringComparison.Ordinal)))
            {
                (content, cut) = (content[..^mark.Length], true);
            }
        }

        return content;
    }

    private static List<ChatMessage> WithoutDefault(List<ChatMessage> messages)
    {
        if (messages is not [{ Role: "system" } system, ..])
        {
            return messages;
        }

        var rest = system.Text == QwenDefault ? ""
            : system.Text.StartsWith(LlamaDefault, StringComparison.Ordinal) ? BehindBlankLine(system.Text)
            : system.Text;
        return rest.Length == 0 ? messages[1..] : [new ChatMessage("system", rest), .. messages[1..]];
    }

    // The block with the dates ends with a blank line, behind which an operator's own words stand.
    private static string BehindBlankLine(string text) =>
        text.IndexOf("\n\n", StringComparison.Ordinal) is >= 0 and var end ? text[(end + 2)..] : "";
}
