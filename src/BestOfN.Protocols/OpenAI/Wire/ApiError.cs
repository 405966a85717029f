using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>An error as OpenAI clients parse it.</summary>
public sealed record ApiError(string Message, string Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Param { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Code { get; init; }
}
