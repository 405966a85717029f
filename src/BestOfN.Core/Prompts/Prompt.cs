namespace BestOfN.Core.Prompts;

/// <summary>What the user saw: the conversation up to the answer that is to be made or judged.</summary>
public sealed record Prompt(IReadOnlyList<ChatMessage> Messages);
