using BestOfN.Core.Prompts;

namespace BestOfN.Inputs.Templates.Written;

/// <summary>A conversation that was read back from the text that a chat template wrote.</summary>
/// <param name="Template">The family of the template: <c>chatml</c>, <c>chatml-unused</c>, <c>llama3</c> or <c>gemma</c>.</param>
/// <param name="Messages">All turns with their contents byte for byte; the last is the assistant's.</param>
/// <param name="IsTruncated">Whether the last turn has no end mark, as where a limit of tokens cut the answer.</param>
public sealed record WrittenConversation(string Template, IReadOnlyList<ChatMessage> Messages, bool IsTruncated);
