using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Protocols.Upstreams;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace BestOfN.Protocols.OpenAI;

/// <summary>What went wrong upstream, in the domain's words.</summary>
internal static class UpstreamFailure
{
    private const int MaxBodyBytes = 64 * 1024;
    private const int MaxMessageLength = 500;

    /// <summary>An answer with an error status.</summary>
    public static async Task<GenerationFailedException> ReadAsync(
        HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var body = new byte[MaxBodyBytes];
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(body, MaxBodyBytes, throwOnEndOfStream: false, cancellationToken);
        return From(body.AsMemory(0, length), (int)response.StatusCode, response.RetryAfter(time));
    }

    /// <summary>An error object inside an answer whose status says that all is well.</summary>
    public static GenerationFailedException FromBody(ReadOnlySpan<byte> body)
    {
        var json = body.ToArray();
        return From(json, StatusIn(json));
    }

    /// <summary>A call that got no answer, or lost it.</summary>
    /// <remarks>The inner exception tells the cases apart: <see cref="TimeoutException"/>, <see cref="HttpRequestException"/> or none at all.</remarks>
    public static GenerationFailedException From(Exception exception) => exception switch
    {
        GenerationFailedException failed => failed,
        NoDestinationException none => Unavailable(none.RetryAfter),
        BrokenCircuitException open => Unavailable(open.RetryAfter),
        TimeoutRejectedException => new("The upstream did not answer in time.", new TimeoutException(exception.Message, exception)),
        JsonException or InvalidOperationException or KeyNotFoundException or FormatException => new("The upstream's answer is not a chat completion.", exception),
        HttpRequestException => new("The connection to the upstream failed.", exception),
        _ => new("The connection to the upstream was lost.", new HttpRequestException(exception.Message, exception)),
    };

    private static GenerationFailedException Unavailable(TimeSpan? retryAfter) => new("No destination of the upstream is available.") { RetryAfter = retryAfter };

    private static GenerationFailedException From(ReadOnlyMemory<byte> body, int? status, TimeSpan? retryAfter = null)
    {
        if (status is 401 or 403 or 407)
        {
            // The credentials are the gateway's own, and the upstream's text may quote them.
            return new($"The upstream refused the credentials it was called with ({status}).");
        }

        var message = MessageIn(body) is { Length: > 0 } text
            ? text.Length > MaxMessageLength ? text[..MaxMessageLength] : text
            : "The upstream answered with an error.";
        return new(message) { StatusCode = status, Body = body, RetryAfter = retryAfter };
    }

    private static string? MessageIn(ReadOnlyMemory<byte> body) => Find(body, static error => error.ValueKind switch
    {
        JsonValueKind.String => error.GetString(),
        JsonValueKind.Object when error.TryGetProperty("message"u8, out var message) && message.ValueKind is JsonValueKind.String => message.GetString(),
        _ => null,
    });

    private static int? StatusIn(ReadOnlyMemory<byte> body) => Find<int?>(body, static error =>
        error.ValueKind is JsonValueKind.Object && error.TryGetProperty("code"u8, out var code)
        && code.ValueKind is JsonValueKind.Number && code.TryGetInt32(out var status) && status is >= 400 and <= 599 ? status : null);

    // {"error": {…}}, {"error": "…"}, or the object itself.
    private static T? Find<T>(ReadOnlyMemory<byte> body, Func<JsonElement, T?> read)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.ValueKind is not JsonValueKind.Object ? default
                : read(root.TryGetProperty("error"u8, out var error) ? error : root);
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
