using System.Text.Json.Serialization;
using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Chat;

internal sealed record ChatChoice(
    int Index,
    RawJson Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] RawJson Logprobs,
    string FinishReason);
