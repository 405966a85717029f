namespace BestOfN.Core.Generation;

/// <summary>Tokens read and made.</summary>
public sealed record TokenUsage(int PromptTokens, int CompletionTokens)
{
    public int TotalTokens => PromptTokens + CompletionTokens;
}
