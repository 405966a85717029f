using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.AspNetCore.WebUtilities;

namespace BestOfN.Gateway.Errors;

/// <summary>What a client is told of an error.</summary>
/// <param name="StatusCode">HTTP status.</param>
/// <param name="Error">In OpenAI's words.</param>
internal sealed record ErrorDescription(int StatusCode, ApiError Error)
{
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>An upstream's own error, to be passed on as it is; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Body { get; private init; }

    /// <summary>The error as clients read it (UTF-8 JSON): the upstream's own where there is one.</summary>
    public ReadOnlyMemory<byte> Json => !Body.IsEmpty ? Body
        : JsonSerializer.SerializeToUtf8Bytes(new ApiErrorResponse(Error), OpenAIJsonContext.Default.ApiErrorResponse);

    /// <summary>The table of exceptions. An unknown exception's text never leaves the process.</summary>
    public static ErrorDescription Of(Exception exception) => exception switch
    {
        ApiException api => new(api.StatusCode, new ApiError(api.Message, TypeOf(api.StatusCode)) { Param = api.Param, Code = api.Code })
        {
            RetryAfter = api.RetryAfter,
        },
        GenerationFailedException generation => Of(generation.Failure, "generation_failed"),
        ScoringFailedException { IsPromptUnreadable: true } scoring => Of(WithWayOut(scoring.Failure), "scoring_failed"),
        BadHttpRequestException bad => Of(bad.StatusCode),
        _ => Of(StatusCodes.Status500InternalServerError),
    };

    public static ErrorDescription Of(int statusCode) => new(statusCode, new ApiError(
        statusCode is StatusCodes.Status404NotFound ? "There is no such route." : ReasonPhrases.GetReasonPhrase(statusCode),
        TypeOf(statusCode))
    {
        Code = statusCode switch
        {
            StatusCodes.Status404NotFound => "unknown_url",
            StatusCodes.Status413PayloadTooLarge => "request_too_large",
            StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
            _ => null,
        },
    });

    /// <summary>
    /// An answer of an upstream that blames the request keeps the upstream's status, and its words where they are an OpenAI error.
    /// </summary>
    private static ErrorDescription Of(Failure failure, string code)
    {
        var upstream = failure.Upstream is { Status: >= 400 and < 500 } blaming ? blaming : null;
        var status = upstream?.Status ?? StatusOf(failure.Kind);
        return new(status, new ApiError(failure.Message, TypeOf(status))
        {
            Param = failure.Part?.Source ?? failure.Param,
            Code = failure.Code ?? (failure.Kind is FailureKind.TimedOut ? "deadline" : code),
        })
        {
            RetryAfter = failure.RetryAfter,
            Body = upstream is not null && IsEnvelope(upstream.Body) ? upstream.Body : default,
        };
    }

    private static int StatusOf(FailureKind kind) => kind switch
    {
        FailureKind.InvalidRequest or FailureKind.UnreadableInput => StatusCodes.Status400BadRequest,
        FailureKind.Overloaded => StatusCodes.Status429TooManyRequests,
        FailureKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        FailureKind.TimedOut => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status502BadGateway, // a model behind the gateway failed, in this process or on a server
    };

    /// <summary>A prompt that only the reward model cannot read can be answered without it.</summary>
    private static Failure WithWayOut(Failure failure) => failure.Kind is not FailureKind.InvalidRequest ? failure
        : failure with { Message = $"{failure.Message} One candidate ('best_of_n': 1) is answered without the reward model." };

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
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("error", out var error)
                && error.ValueKind is JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
