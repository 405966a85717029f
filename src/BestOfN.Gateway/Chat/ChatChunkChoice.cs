using System.Text.Json.Serialization;
using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Chat;

internal sealed record ChatChunkChoice(
    int Index,
    RawJson Delta,
    RawJson? Logprobs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason = null);
