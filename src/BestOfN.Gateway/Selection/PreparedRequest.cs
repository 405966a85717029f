using BestOfN.Core.Selection;
using BestOfN.Gateway.Models;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>A request with everything decided that was left open.</summary>
internal sealed record PlannedRequest(ModelRequest Request, ServedModel Model, SelectionRequest Selection)
{
    public ReportDetail Return => Request.BestOfN.Return;
}
