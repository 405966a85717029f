using BestOfN.Core.Selection;
using BestOfN.Gateway.Catalog;

namespace BestOfN.Gateway.Requests;

/// <summary>A request with everything decided that was left open.</summary>
internal sealed record PlannedRequest(ModelRequest Request, ServedModel Model, SelectionRequest Selection)
{
    public ReportDetail Return => Request.BestOfN.Return;
}
