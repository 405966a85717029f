using BestOfN.Gateway.Catalog;

namespace BestOfN.Gateway.Completions;

/// <summary>Passes a request of the older route on to the upstream that has the model.</summary>
internal interface ICompletionRelay
{
    /// <summary>Answers the request; its body can be read again from the start.</summary>
    Task RelayAsync(HttpContext context, ServedModel model);
}
