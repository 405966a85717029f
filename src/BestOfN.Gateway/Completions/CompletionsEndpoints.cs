using System.Runtime.InteropServices;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Catalog;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Requests;
using BestOfN.Gateway.Streaming;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Completions;

/// <summary>The older route: best of N for models in process; for others it is the upstream's and passes through.</summary>
internal static class CompletionsEndpoints
{
    public static void MapCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/completions", CompleteAsync).WithTags("Completions").RequireRateLimiting(AccessServices.Generating);

    private static async Task CompleteAsync(
        HttpContext context, GeneratorCatalog catalog, RequestPlanner planner, AnswerWriter answers, TimeProvider time, IOptions<BestOfNOptions> options,
        CancellationToken cancellationToken)
    {
        var body = await RequestBody.ReadAsync(context.Request, options.Value.MaxRequestBodyBytes, cancellationToken);
        var name = CompletionRequestReader.ModelOf(body);
        if (catalog.TryFind(name, out var model, out var candidates) && model.RelaysRequests)
        {
            if (candidates is > 1)
            {
                throw ApiException.Invalid($"'{name}' asks for {candidates} candidates, but this route passes through to the upstream: use /v1/chat/completions.", "model");
            }

            RequestFacts.Of(context).Model = model.Name;
            var relay = context.RequestServices.GetService<ICompletionRelay>() ?? throw ApiException.ModelNotFound(name);
            MemoryMarshal.TryGetArray(body, out var bytes);
            context.Request.Body = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false);
            await relay.RelayAsync(context, model);
            return;
        }

        var plan = await planner.PlanAsync(CompletionRequestReader.Read(body), context.Request.Headers, cancellationToken);
        await answers.WriteAsync(context.Response, plan, new CompletionFormat(plan, time.GetUtcNow()), cancellationToken);
    }
}
