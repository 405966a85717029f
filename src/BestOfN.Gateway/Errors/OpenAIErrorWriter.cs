using System.Globalization;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Telemetry;

namespace BestOfN.Gateway.Errors;

/// <summary>Says every error in the shape OpenAI clients parse: exceptions, unknown routes, wrong methods, refusals.</summary>
internal sealed class OpenAIErrorWriter(ILogger<OpenAIErrorWriter> logger) : IProblemDetailsWriter
{
    private const string CompletionsPath = "/v1/completions"; // where the conversation is one prompt

    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var response = context.HttpContext.Response;
        var description = context.Exception is { } exception ? ErrorDescription.Of(exception) : ErrorDescription.Of(response.StatusCode);
        if (description.Error.Param is "messages" && context.HttpContext.Request.Path == CompletionsPath)
        {
            description = description with { Error = description.Error with { Param = "prompt" } };
        }

        if (context.Exception is { } accident && IsAccident(accident))
        {
            logger.Accident(description.StatusCode, LoggedText.WithoutWords(accident));
        }

        if (description.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        var body = description.Json;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.HttpContext.RequestAborted);
    }

    // The others are answers; the parts concerned have logged what an operator needs.
    private static bool IsAccident(Exception exception) => exception is not (
        ApiException or GenerationFailedException or ScoringFailedException { IsPromptUnreadable: true } or BadHttpRequestException);
}
