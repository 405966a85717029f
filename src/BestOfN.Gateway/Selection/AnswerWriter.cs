using BestOfN.Core.Selection;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Observability;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Selection;

/// <summary>
/// Has a prepared request answered, and writes the answer whole or as a stream (<see cref="AnswerStream"/>). Thread-safe.
/// </summary>
internal sealed class AnswerWriter(
    BestOfNSelector selector, IOptions<BestOfNOptions> options, TimeProvider time, ILogger<AnswerWriter> logger)
{
    public async Task WriteAsync(HttpResponse response, PreparedRequest request, IAnswerFormat format, CancellationToken cancellationToken)
    {
        var facts = RequestFacts.Of(response.HttpContext);
        (facts.Model, facts.Candidates) = (request.Model.Name, request.Selection.Generation.Candidates);
        facts.Question = request.Selection.Generation.Prompt;
        if (request.Asked.Stream.Stream)
        {
            await new AnswerStream(response, request, format, options.Value.KeepAliveInterval, time, logger)
                .WriteAsync(selector, cancellationToken);
            return;
        }

        var selection = await selector.SelectAsync(request.Selection, cancellationToken);
        facts.Selection = selection;
        SelectionHeaders.Write(response.Headers, selection);
        var body = format.Whole(selection);
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, cancellationToken);
    }
}
