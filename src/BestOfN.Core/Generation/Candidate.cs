using System.Collections.ObjectModel;
using System.Text.Json;

namespace BestOfN.Core.Generation;

/// <summary>One finished answer.</summary>
public sealed record Candidate
{
    /// <summary>Position among its siblings, from 0. Ties are decided by it.</summary>
    public required int Index { get; init; }

    /// <summary>
    /// The answer's text; empty where the message holds only tool calls or a refusal. Where the content is a list, the text of its text
    /// parts.
    /// </summary>
    public required string Text { get; init; }

    /// <summary><c>stop</c>, <c>length</c>, <c>tool_calls</c> or <c>content_filter</c>, as the generator said.</summary>
    public required string FinishReason { get; init; }

    public required TokenUsage Usage { get; init; }

    /// <summary>The generator's message object verbatim (UTF-8 JSON: role, content, tool_calls, refusal, …).</summary>
    public required ReadOnlyMemory<byte> Message { get; init; }

    /// <summary>The generator's <c>logprobs</c> object verbatim (UTF-8 JSON); empty if there is none.</summary>
    public ReadOnlyMemory<byte> Logprobs { get; init; }

    /// <summary>What else an upstream says of this choice: <c>stop_reason</c>, <c>content_filter_results</c>, …</summary>
    public IReadOnlyDictionary<string, JsonElement> ChoiceFields { get; init; } = ReadOnlyDictionary<string, JsonElement>.Empty;

    /// <summary>
    /// What else an upstream says of its answer, where this candidate is all there is: <c>id</c>, <c>created</c>,
    /// <c>system_fingerprint</c>, <c>citations</c>, …
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> AnswerFields { get; init; } = ReadOnlyDictionary<string, JsonElement>.Empty;

    /// <summary>From the start of the generation to this candidate's end.</summary>
    public TimeSpan Latency { get; init; }
}
