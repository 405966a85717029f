using System.Text.Json;
using BestOfN.Gateway.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace BestOfN.Gateway.Rewards;

/// <summary>A protocol in which rewards are asked for.</summary>
/// <param name="Name">The protocol, as metrics and the configuration call it.</param>
/// <param name="Status">The status that its clients expect for an error.</param>
/// <param name="WriteError">Writes an error as its clients read it, for the status that they get; null: nothing is written.</param>
internal sealed record RewardDialect(
    string Name, Func<ErrorDescription, int>? Status = null, Action<Utf8JsonWriter, ErrorDescription, int>? WriteError = null) : IErrorShape
{
    /// <summary>Whether the body of an error with this status is empty.</summary>
    public Func<int, bool> IsSilent { get; init; } = _ => false;

    public (int StatusCode, ReadOnlyMemory<byte> Body) Write(ErrorDescription description)
    {
        var status = Status?.Invoke(description) ?? description.StatusCode;
        return (status, IsSilent(status) ? default : RewardReply.BytesOf(json => (WriteError ?? OpenAI)(json, description, status)));
    }

    /// <summary>From here on the request is known to speak this protocol.</summary>
    public void Claim(IFeatureCollection features)
    {
        features.Set<IErrorShape>(this);
        features.Set(this);
    }

    private static void OpenAI(Utf8JsonWriter json, ErrorDescription description, int status)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, description.Error.Message);
        json.WriteString("type"u8, description.Error.Type);
        json.WriteString("param"u8, description.Error.Param);
        json.WriteString("code"u8, description.Error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
