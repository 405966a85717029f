using BestOfN.Gateway.Access;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Observability;
using BestOfN.Gateway.Selection;
using BestOfN.Gateway.Selection.Fields;
using BestOfN.Gateway.Upstream;

namespace BestOfN.Gateway.Completions;

/// <summary>The older route: best of N for models in process; for others it is the upstream's and passes through.</summary>
internal static class CompletionsEndpoints
{
    public static void MapCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/completions", CompleteAsync).WithTags("Completions");

    private static Task CompleteAsync(
        HttpContext context, Admission admission, GeneratorCatalog catalog, CompletionForwarder forwarder, RequestPreparation preparation,
        AnswerWriter answers,
        TimeProvider time) =>
        admission.AnswerAsync(context, async (body, cancellationToken) =>
        {
            var name = CompletionRequestReader.ModelOf(body);
            if (catalog.TryFind(name, out var model, out var candidates) && model.ForwardsVerbatim)
            {
                RefuseSelection(body, context.Request.Headers, name, candidates);
                RequestFacts.Of(context).Model = model.Name;
                await forwarder.ForwardAsync(context, model, body);
                return;
            }

            var request = await preparation.PrepareAsync(CompletionRequestReader.Read(body), context.Request.Headers, cancellationToken);
            await answers.WriteAsync(context.Response, request, new CompletionFormat(request, time.GetUtcNow()), cancellationToken);
        });

    /// <summary>
    /// Only one answer is made by an upstream here, and nothing is selected: whoever asks for more is told, by whatever of the three ways
    /// they asked.
    /// </summary>
    private static void RefuseSelection(ReadOnlyMemory<byte> body, IHeaderDictionary headers, string name, int? alias)
    {
        const string Elsewhere = "this route passes through to the upstream and selects nothing: use /v1/chat/completions.";
        if (alias is > 1)
        {
            throw ApiException.Invalid($"'{name}' asks for {alias} candidates, but {Elsewhere}", "model");
        }

        if (BestOfNHeaders.CandidatesOf(headers) is > 1)
        {
            throw ApiException.Invalid(
                $"The header {BestOfNHeaders.Selection} asks for candidates, but {Elsewhere}", BestOfNHeaders.Selection);
        }

        var fields = RequestObject.Read(body, BestOfNFields.Read);
        if (fields.Candidates is > 1 || fields with { Candidates = null } != new BestOfNFields())
        {
            throw ApiException.Invalid($"'best_of_n' asks for a selection, but {Elsewhere}", "best_of_n", "unsupported_parameter");
        }
    }
}
