namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record ModelDescription(string Id, long Created, string OwnedBy)
{
    /// <summary>Null where nothing is computed in this process.</summary>
    public ModelReport? BestOfN { get; init; }

    public string Object { get; } = "model";
}
