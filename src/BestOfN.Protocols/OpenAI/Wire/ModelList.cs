namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record ModelList(IReadOnlyList<ModelDescription> Data)
{
    public string Object { get; } = "list";
}
