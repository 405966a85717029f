namespace BestOfN.Gateway.Wire;

internal sealed record ModelDescription(string Id, long Created, string OwnedBy)
{
    /// <summary>Null where nothing is computed in this process.</summary>
    public ModelReport? BestOfN { get; init; }

    public string Object { get; } = "model";
}
