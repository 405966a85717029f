using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;
using Microsoft.AspNetCore.Http.Features;

namespace BestOfN.Gateway.Rewards;

/// <summary>A request with its body, for the readers of dialects.</summary>
/// <param name="Features">Features of the request: they keep the dialect.</param>
/// <param name="Headers">Headers of the request.</param>
/// <param name="Query">Query of the address.</param>
/// <param name="Body">The body whole.</param>
/// <param name="Options">The operator's settings.</param>
internal sealed record RewardExchange(
    IFeatureCollection Features, IHeaderDictionary Headers, IQueryCollection Query, ReadOnlyMemory<byte> Body, RewardServerOptions Options)
{
    /// <summary>How long inputs are dealt with where the request has no field for it.</summary>
    public InputLimit DefaultLimit => new(Cuts: Options.AutoTruncate);

    /// <summary>Reads a body of JSON.</summary>
    /// <exception cref="ApiException">It is no object, or <paramref name="read"/> found a mistake.</exception>
    public RewardCall Read(Func<RequestObject, RewardCall> read) => RequestObject.Read(Body, read);

    /// <summary>Which of several dialects of one path it is.</summary>
    public void Speak(RewardDialect dialect) => dialect.Claim(Features);
}
