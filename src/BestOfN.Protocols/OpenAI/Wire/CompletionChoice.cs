using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record CompletionChoice(
    int Index, string Text, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason)
{
    /// <summary>Always null: log-probabilities are given by the chat route only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public RawJson Logprobs { get; }
}
