namespace BestOfN.Gateway.Wire;

internal sealed record ModelList(IReadOnlyList<ModelDescription> Data)
{
    public string Object { get; } = "list";
}
