using System.Collections.ObjectModel;
using System.Text.Json;

namespace BestOfN.Core.Generation;

/// <summary>A piece of an answer as an upstream sent it, for a client that is shown the only candidate while it is made.</summary>
/// <remarks>All pieces together are the candidate's message: nothing comes twice. The finish reason is not in them.</remarks>
public sealed record AnswerPiece
{
    /// <summary>The delta object (UTF-8 JSON) without its role. Every tool call has an index, its id and its name come once.</summary>
    public required ReadOnlyMemory<byte> Delta { get; init; }

    /// <summary>The <c>logprobs</c> object (UTF-8 JSON); empty if there is none.</summary>
    public ReadOnlyMemory<byte> Logprobs { get; init; }

    /// <inheritdoc cref="Candidate.ChoiceFields"/>
    public IReadOnlyDictionary<string, JsonElement> ChoiceFields { get; init; } = ReadOnlyDictionary<string, JsonElement>.Empty;

    /// <inheritdoc cref="Candidate.AnswerFields"/>
    public IReadOnlyDictionary<string, JsonElement> AnswerFields { get; init; } = ReadOnlyDictionary<string, JsonElement>.Empty;
}
