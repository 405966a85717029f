using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Telemetry;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.AspNetCore.Diagnostics;

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

        if (ShapeOf(context.HttpContext) is { } shape)
        {
            (response.StatusCode, var shaped) = shape.Write(description);
            await WriteAsync(response, shaped, context.HttpContext.RequestAborted);
            return;
        }

        var body = description.Body.IsEmpty
            ? JsonSerializer.SerializeToUtf8Bytes(new ApiErrorResponse(description.Error), OpenAIJsonContext.Default.ApiErrorResponse)
            : description.Body;
        await WriteAsync(response, body, context.HttpContext.RequestAborted);
    }

    private static async Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, cancellationToken);
    }

    // The others are answers; the parts concerned have logged what an operator needs.
    private static bool IsAccident(Exception exception) => exception is not (
        ApiException or GenerationFailedException or ScoringFailedException { IsPromptUnreadable: true } or BadHttpRequestException);

    // The endpoint is taken from the request before its exception is handled.
    private static IErrorShape? ShapeOf(HttpContext context) => context.Features.Get<IErrorShape>()
        ?? (context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint())?.Metadata.GetMetadata<IErrorShape>();
}
