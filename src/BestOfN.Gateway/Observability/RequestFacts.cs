using BestOfN.Core.Prompts;
using BestOfN.Core.Selection;

namespace BestOfN.Gateway.Observability;

/// <summary>What becomes known of a request while it is answered, for the line in the log and the page's traffic.</summary>
internal sealed class RequestFacts
{
    /// <summary>The configured name of the model.</summary>
    public string? Model { get; set; }

    /// <summary>Candidates asked for; null where the request passes through to an upstream.</summary>
    public int? Candidates { get; set; }

    /// <summary>What was asked; null where the request passes through to an upstream.</summary>
    public Prompt? Question { get; set; }

    /// <summary>The outcome; null where there is none.</summary>
    public SelectionResult? Selection { get; set; }

    public static RequestFacts Of(HttpContext context)
    {
        if (context.Features.Get<RequestFacts>() is not { } facts)
        {
            context.Features.Set(facts = new RequestFacts());
        }

        return facts;
    }

    /// <summary>The status that a client has seen: one that hung up has seen none, and counts as 499.</summary>
    public static int StatusOf(HttpContext context) =>
        context.RequestAborted.IsCancellationRequested ? StatusCodes.Status499ClientClosedRequest : context.Response.StatusCode;
}
