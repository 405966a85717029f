namespace BestOfN.Core.Prompts;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Parts">What was said, in order.</param>
public sealed record ChatMessage(string Role, IReadOnlyList<ContentPart> Parts)
{
    public ChatMessage(string role, string text) : this(role, [new TextPart(text)]) { }

    /// <summary>All text parts, joined without a separator.</summary>
    public string Text => Parts is [TextPart only] ? only.Text : string.Concat(Parts.OfType<TextPart>().Select(p => p.Text));
}
