namespace BestOfN.Gateway.Observability;

/// <summary>What becomes known of a request while it is answered, for the line in the log.</summary>
internal sealed class RequestFacts
{
    /// <summary>The configured name of the model.</summary>
    public string? Model { get; set; }

    /// <summary>Candidates asked for; null where the request passes through to an upstream.</summary>
    public int? Candidates { get; set; }

    public int? Scored { get; set; }

    public static RequestFacts Of(HttpContext context)
    {
        if (context.Features.Get<RequestFacts>() is not { } facts)
        {
            context.Features.Set(facts = new RequestFacts());
        }

        return facts;
    }
}
