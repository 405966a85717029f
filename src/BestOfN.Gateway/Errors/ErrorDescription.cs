using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inputs.Videos;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.AspNetCore.WebUtilities;

namespace BestOfN.Gateway.Errors;

/// <summary>What a client is told of an error.</summary>
/// <param name="StatusCode">HTTP status.</param>
/// <param name="Error">In OpenAI's words.</param>
internal sealed record ErrorDescription(int StatusCode, ApiError Error)
{
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>An upstream's own envelope, to be relayed as it is; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Body { get; private init; }

    /// <summary>The table of exceptions. An unknown exception's text never leaves the process.</summary>
    public static ErrorDescription Of(Exception exception) => exception switch
    {
        ApiException api => new(api.StatusCode, new ApiError(api.Message, TypeOf(api.StatusCode)) { Param = api.Param, Code = api.Code }) { RetryAfter = api.RetryAfter },
        GenerationFailedException or ScoringFailedException when LacksVideoTool(exception) => new(
            StatusCodes.Status503ServiceUnavailable, new ApiError(exception.Message, TypeOf(StatusCodes.Status503ServiceUnavailable)) { Code = "videos_unavailable" }),
        GenerationFailedException { Part: { } part } => Unreadable(part, exception.Message),
        ScoringFailedException { Part: { } part } => Unreadable(part, exception.Message),
        GenerationFailedException { IsPromptTooLong: true } => TooLong(exception.Message),
        ScoringFailedException { IsPromptTooLong: true } => TooLong($"{exception.Message} One candidate ('best_of_n': 1) is answered without the reward model."),
        GenerationFailedException failed => Of(failed),
        ScoringFailedException { IsPromptUnreadable: true } => new(
            StatusCodes.Status503ServiceUnavailable, new ApiError(exception.Message, TypeOf(StatusCodes.Status503ServiceUnavailable)) { Code = "scoring_failed" }),
        BadHttpRequestException bad => Of(bad.StatusCode),
        _ => Of(StatusCodes.Status500InternalServerError),
    };

    public static ErrorDescription Of(int statusCode) => new(statusCode, new ApiError(
        statusCode is StatusCodes.Status404NotFound ? "There is no such route." : ReasonPhrases.GetReasonPhrase(statusCode), TypeOf(statusCode))
    {
        Code = statusCode switch
        {
            StatusCodes.Status404NotFound => "unknown_url",
            StatusCodes.Status413PayloadTooLarge => "request_too_large",
            StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
            _ => null,
        },
    });

    private static bool LacksVideoTool(Exception? exception) =>
        exception is VideoToolMissingException || (exception?.InnerException is { } inner && LacksVideoTool(inner));

    private static ErrorDescription Unreadable(ContentPart part, string message) =>
        new(StatusCodes.Status400BadRequest, new ApiError(message, TypeOf(StatusCodes.Status400BadRequest)) { Param = part.Source, Code = part is VideoPart ? "invalid_video" : "invalid_image" });

    private static ErrorDescription TooLong(string message) =>
        new(StatusCodes.Status400BadRequest, new ApiError(message, TypeOf(StatusCodes.Status400BadRequest)) { Param = "messages", Code = "context_length_exceeded" });

    /// <summary>A client's mistake keeps the upstream's status; what is not the client's fault is 502, 503 or 504.</summary>
    private static ErrorDescription Of(GenerationFailedException failed)
    {
        var status = failed switch
        {
            { StatusCode: >= 400 and < 500 } => failed.StatusCode.Value,
            { StatusCode: StatusCodes.Status503ServiceUnavailable } => StatusCodes.Status503ServiceUnavailable,
            { InnerException: TimeoutException } => StatusCodes.Status504GatewayTimeout,
            { StatusCode: null, InnerException: null } => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status502BadGateway,
        };
        return new(status, new ApiError(failed.Message, TypeOf(status)) { Code = status is StatusCodes.Status504GatewayTimeout ? "deadline" : "generation_failed" })
        {
            RetryAfter = failed.RetryAfter,
            Body = status < 500 && IsEnvelope(failed.Body) ? failed.Body : default,
        };
    }

    private static string TypeOf(int statusCode) => statusCode switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        < 500 => "invalid_request_error",
        _ => "server_error",
    };

    private static bool IsEnvelope(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
