namespace BestOfN.Gateway.Wire;

internal sealed record ModelDescription(string Id, long Created, string OwnedBy)
{
    public string Object { get; } = "model";
}
