using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Protocols.Upstreams;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace BestOfN.Protocols.OpenAI;

/// <summary>What went wrong upstream, in the domain's words.</summary>
internal static partial class UpstreamFailure
{
    private const int MaxBodyBytes = 64 * 1024;

    /// <summary>An answer with an error status.</summary>
    public static async Task<GenerationFailedException> ReadAsync(
        HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var body = new byte[MaxBodyBytes];
        using var stream = await UpstreamBody.OpenAsync(response.Content, MaxBodyBytes + 1, MaxBodyBytes + 1, key: null, cancellationToken);
        var length = await stream.ReadAtLeastAsync(body, MaxBodyBytes, throwOnEndOfStream: false, cancellationToken);
        return WithoutKey(From(ErrorWords.Read(body.AsMemory(0, length)), (int)response.StatusCode, response.RetryAfter(time)), response);
    }

    /// <summary>The key that an upstream was called with; null: none.</summary>
    public static string? KeyOf(HttpResponseMessage response) => response.RequestMessage?.Headers.Authorization?.Parameter;

    /// <summary>The failure, or another in its place where its words repeat the key that the upstream was called with.</summary>
    public static GenerationFailedException WithoutKey(GenerationFailedException failure, HttpResponseMessage response)
    {
        var key = KeyOf(response);
        var isQuoted = key is { Length: > 0 }
            && (failure.Message.Contains(key, StringComparison.Ordinal)
                || Encoding.UTF8.GetString((failure.Failure.Upstream?.Body ?? default).Span).Contains(key, StringComparison.Ordinal));
        return isQuoted ? Refused(failure, response) : failure;
    }

    /// <summary>An error inside an answer whose status says that all is well.</summary>
    public static GenerationFailedException FromBody(ReadOnlySpan<byte> body)
    {
        var words = ErrorWords.Read(body.ToArray());
        return From(words, words.Status ?? StatusOf($"{words.Code} {words.Type}"));
    }

    /// <summary>A call that got no answer, or lost it.</summary>
    public static GenerationFailedException From(Exception exception)
    {
        GenerationFailedException Failed(string message) => new(new Failure(FailureKind.Upstream, message), exception);
        return exception switch
        {
            GenerationFailedException failed => failed,
            NoDestinationException none => Unavailable(none.RetryAfter),
            BrokenCircuitException open => Unavailable(open.RetryAfter),
            TimeoutRejectedException => new(new Failure(FailureKind.TimedOut, "The upstream did not answer in time."), exception),
            AnswerTooLargeException => Failed(exception.Message),
            JsonException or InvalidOperationException or KeyNotFoundException or FormatException =>
                Failed("The upstream's answer is not a chat completion."),
            InvalidDataException or NotSupportedException => Failed("The upstream's answer cannot be decompressed."),
            HttpRequestException => Failed("The connection to the upstream failed."),
            _ => Failed("The connection to the upstream was lost."),
        };
    }

    private static GenerationFailedException Unavailable(TimeSpan? retryAfter) =>
        new(new Failure(FailureKind.Unavailable, "No destination of the upstream is available.") { RetryAfter = retryAfter });

    private static GenerationFailedException From(ErrorWords words, int status, TimeSpan? retryAfter = null)
    {
        var saysBadKey = BadKey().IsMatch($"{words.Message} {words.Code}");
        if (status is 401 or 407 || (status is 400 && saysBadKey) || (status is 403 && !IsModeration(words)))
        {
            return Refused(status);
        }

        var told = words.Message.Length > 0 ? words.Message : $"The upstream answered with status {status}.";
        return new(new Failure(KindOf(status), told)
        {
            RetryAfter = retryAfter,
            Upstream = new(status, words.Envelope),
        });
    }

    /// <summary>The failure to tell instead of one whose words repeat the key.</summary>
    public static GenerationFailedException Refused(GenerationFailedException failure, HttpResponseMessage response) =>
        Refused(failure.Failure.Upstream?.Status ?? (int)response.StatusCode);

    // The credentials are the gateway's own, and the upstream's text may quote them.
    private static GenerationFailedException Refused(int status) =>
        new(new Failure(FailureKind.Unavailable, $"The upstream refused the credentials it was called with ({status})."));

    private static FailureKind KindOf(int status) => status switch
    {
        429 => FailureKind.Overloaded,
        503 => FailureKind.Unavailable,
        >= 400 and < 500 => FailureKind.InvalidRequest,
        _ => FailureKind.Upstream,
    };

    private static bool IsModeration(ErrorWords words) =>
        words.NamesReasons || (Moderation().IsMatch($"{words.Message} {words.Code} {words.Type}") && !Credentials().IsMatch(words.Message));

    private static int StatusOf(string kind) =>
        RateLimit().IsMatch(kind) ? 429
        : NotFound().IsMatch(kind) ? 404
        : ClientsMistake().IsMatch(kind) ? 400
        : 502;

    [GeneratedRegex(
        "moderat|flagged|content.?(policy|policies|filter)|safety|harmful|inappropriate|prohibited (content|use)|jailbreak|usage polic",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Moderation();

    [GeneratedRegex(
        @"\b(incorrect|invalid|wrong|expired|missing)[ _]api[ _]?key\b|\bapi[ _]?key[ _](is )?(not valid|invalid|expired|missing)\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex BadKey();

    [GeneratedRegex(
        @"\b(api.?keys?|sk-|credentials?|tokens?|unauthori[sz]ed|permissions?)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Credentials();

    [GeneratedRegex("not_?found", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NotFound();

    [GeneratedRegex("rate.?limit|too.?many.?requests|insufficient_quota", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex RateLimit();

    [GeneratedRegex(
        "invalid_?(request|argument|prompt)|bad_?request|context_length|unsupported_",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ClientsMistake();
}
