using System.Text.Json.Serialization;

namespace BestOfN.Gateway.Errors;

/// <summary>An error as OpenAI clients parse it.</summary>
internal sealed record ApiError(string Message, string Type)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Param { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Code { get; init; }
}
