using System.Text.Json;

namespace BestOfN.Core.Prompts;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Parts">What was said, in order.</param>
public sealed record ChatMessage(string Role, IReadOnlyList<ContentPart> Parts)
{
    private static readonly Dictionary<string, JsonElement> s_none = [];

    public ChatMessage(string role, string text) : this(role, [new TextPart(text)]) { }

    /// <summary>
    /// Further fields, such as <c>tool_calls</c>, as they were sent: for chat templates that read them. A <c>content</c> of null among them
    /// says that there is none.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Fields { get; init; } = s_none;

    /// <summary>All text parts, joined without a separator.</summary>
    public string Text => Parts is [TextPart only] ? only.Text : string.Concat(Parts.OfType<TextPart>().Select(p => p.Text));
}
