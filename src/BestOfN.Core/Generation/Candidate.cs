namespace BestOfN.Core.Generation;

/// <summary>One finished answer.</summary>
public sealed record Candidate
{
    /// <summary>Position among its siblings, from 0. Ties are decided by it.</summary>
    public required int Index { get; init; }

    /// <summary>The answer's text; empty where the message holds only tool calls or a refusal.</summary>
    public required string Text { get; init; }

    /// <summary><c>stop</c>, <c>length</c>, <c>tool_calls</c> or <c>content_filter</c>, as the generator said.</summary>
    public required string FinishReason { get; init; }

    public required TokenUsage Usage { get; init; }

    /// <summary>The generator's message object verbatim (UTF-8 JSON: role, content, tool_calls, refusal, …).</summary>
    public required ReadOnlyMemory<byte> Message { get; init; }

    /// <summary>The generator's <c>logprobs</c> object verbatim (UTF-8 JSON); empty if there is none.</summary>
    public ReadOnlyMemory<byte> Logprobs { get; init; }

    /// <summary>From the start of the generation to this candidate's end.</summary>
    public TimeSpan Latency { get; init; }
}
