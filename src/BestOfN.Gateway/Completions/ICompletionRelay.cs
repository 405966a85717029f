using BestOfN.Gateway.Catalog;

namespace BestOfN.Gateway.Completions;

/// <summary>Passes a request of the older route on to the upstream that has the model.</summary>
internal interface ICompletionRelay
{
    /// <summary>Answers the request.</summary>
    Task RelayAsync(HttpContext context, ServedModel model, ReadOnlyMemory<byte> body);
}
