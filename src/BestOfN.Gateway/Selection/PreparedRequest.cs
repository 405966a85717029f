using BestOfN.Core.Selection;
using BestOfN.Gateway.Models;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>A request that can be answered: everything that it left open is decided, its models are there, its pictures are read.</summary>
internal sealed record PreparedRequest(ModelRequest Asked, ServedModel Model, SelectionRequest Selection)
{
    public ReportDetail Return => Asked.BestOfN.Return;
}
