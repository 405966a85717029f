using BestOfN.Core.Prompts;

namespace BestOfN.Gateway.Rewards;

/// <summary>Prompt and answer as one text, which a chat template may have written.</summary>
/// <param name="Text">The text.</param>
/// <param name="Source">Where it stands in the request.</param>
internal sealed record WrittenInput(string Text, string Source) : UnreadInput
{
    /// <summary>Whether the tokenizer puts before a text that is scored as it stands what it puts before every text.</summary>
    public bool AddsSpecialTokens { get; init; } = true;

    /// <summary>The images that came with it; null where the request has no field for images.</summary>
    public IReadOnlyList<ContentPart>? Images { get; init; }

    /// <summary>Whether the answer is complete even where no mark ends it, because it came as a field of its own.</summary>
    public bool IsComplete { get; init; }

    /// <summary>
    /// The text's two parts as messages, which are meant where no chat template has written it; null where it came as one text.
    /// </summary>
    public SentMessages? Parts { get; init; }
}
