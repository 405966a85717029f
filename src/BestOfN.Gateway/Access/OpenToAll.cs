namespace BestOfN.Gateway.Access;

/// <summary>Marks an endpoint that answers without a key. All others ask for one where keys are configured, proxied ones too.</summary>
internal sealed class OpenToAll
{
    public static readonly OpenToAll Instance = new();

    private OpenToAll()
    {
    }
}
