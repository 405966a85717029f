using System.Text.Json;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace BestOfN.Gateway.Access;

/// <summary>
/// Reads the bodies of requests, within limits of time, size and number of values, and of memory over all requests together.
/// </summary>
internal sealed class RequestBodies : IDisposable
{
    private const int FirstBuffer = 16 * 1024;
    private const int Large = 8 << 20;

    // After this time everything else that a large request needed has been released as well.
    private static readonly TimeSpan _rest = TimeSpan.FromSeconds(10);

    private readonly BestOfNOptions _options;
    private readonly TimeProvider _time;
    private readonly HeldBytes _held;
    private readonly ITimer _giveBack;

    public RequestBodies(IOptions<BestOfNOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;

        // The buffer has a byte more than a body may have, to see where it ends.
        _held = new(_options.MaxHeldRequestBytes + 1, Math.Max(_options.MaxRequestBodyBytes, _options.MaxHeldRequestBytes / 2) + 1);

        // An idle process collects no garbage by itself, and would keep what its largest requests took.
        _giveBack = time.CreateTimer(
            _ => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true), null,
            Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Reads a body whole. It counts as held until the response is complete.</summary>
    /// <param name="context">The request.</param>
    /// <param name="client">The client that its memory is counted for.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="isJson">Whether it has to be JSON in UTF-8; otherwise nothing is said about its contents.</param>
    /// <exception cref="ApiException">It is no JSON, too large, too slow, broken off, or there is no memory for it now.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(
        HttpContext context, string client, CancellationToken cancellationToken, bool isJson = true)
    {
        if (isJson)
        {
            RequireJson(context.Request);
        }

        if (context.Request.ContentLength > _options.MaxRequestBodyBytes)
        {
            throw ApiException.TooLarge(_options.MaxRequestBodyBytes);
        }

        using var deadline = new CancellationTokenSource(_options.RequestReadTimeout, _time);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var body = await ReadToEndAsync(context, client, reading.Token);
            if (isJson)
            {
                CountValues(body.Span);
            }

            return body;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw TooSlow(context);
        }
        catch (BadHttpRequestException exception)
        {
            throw exception.StatusCode switch
            {
                StatusCodes.Status408RequestTimeout => TooSlow(context),
                StatusCodes.Status413PayloadTooLarge => ApiException.TooLarge(_options.MaxRequestBodyBytes),
                _ => ApiException.Invalid("The request body could not be read to its end.", code: "invalid_body"),
            };
        }
        catch (IOException)
        {
            throw ApiException.Invalid("The request body could not be read to its end.", code: "invalid_body");
        }
    }

    public void Dispose() => _giveBack.Dispose();

    private async Task<ReadOnlyMemory<byte>> ReadToEndAsync(HttpContext context, string client, CancellationToken cancellationToken)
    {
        var hold = new Hold(this, client);
        context.Response.RegisterForDispose(hold);

        // A length that is declared but not sent costs nothing: the buffer grows with what arrives.
        var most = (context.Request.ContentLength ?? _options.MaxRequestBodyBytes) + 1;
        var buffer = hold.Grow([], 0, (int)Math.Min(most, FirstBuffer));
        var length = 0;
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
        {
            length += read;
            if (length > _options.MaxRequestBodyBytes)
            {
                throw ApiException.TooLarge(_options.MaxRequestBodyBytes);
            }

            if (length == buffer.Length)
            {
                buffer = hold.Grow(buffer, length, (int)Math.Min(Math.Max(most, length + 1L), 2L * length));
            }
        }

        return buffer.AsMemory(0, length);
    }

    /// <summary>A document's cost in memory and time grows with its number of values, and a value may have only two bytes.</summary>
    /// <exception cref="ApiException">It is no JSON, or has more values than the operator allows.</exception>
    public void CountValues(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = RequestObject.MaxDepth });
        var values = 0;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.EndArray or JsonTokenType.EndObject)
                    && ++values > _options.MaxJsonValues)
                {
                    throw ApiException.TooManyValues(_options.MaxJsonValues);
                }
            }
        }
        catch (JsonException exception)
        {
            throw ApiException.Invalid($"The request body is not valid JSON: {exception.Message}", code: "invalid_json");
        }
    }

    private static void RequireJson(HttpRequest request)
    {
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding
            && !encoding.ToString().Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw ApiException.UnsupportedMediaType("A compressed request body is not supported; send it without 'Content-Encoding'.");
        }

        // Without a type it is taken for JSON, for some clients send none.
        if (string.IsNullOrEmpty(request.ContentType))
        {
            return;
        }

        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && (type.MatchesMediaType("application/json") || type.MatchesMediaType("text/json")
                || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));
        if (!isJson || type!.Charset is { HasValue: true, Value: var charset }
            && charset.Trim('"').ToUpperInvariant() is not ("UTF-8" or "UTF8" or "US-ASCII"))
        {
            throw ApiException.UnsupportedMediaType("The request body must be JSON in UTF-8, with the header 'Content-Type: "
                + $"application/json'; its type is '{request.ContentType}'.");
        }
    }

    private static ApiException TooSlow(HttpContext context)
    {
        // The rest of the body, which is still to come, would be taken for the next request.
        context.Response.Headers.Connection = "close";
        return ApiException.TooSlow();
    }

    private sealed class Hold(RequestBodies bodies, string client) : IDisposable
    {
        private long _bytes;

        public byte[] Grow(byte[] buffer, int length, int size)
        {
            if (!bodies._held.TryTake(client, size - _bytes))
            {
                throw ApiException.Overloaded(bodies._options.RetryAfter);
            }

            _bytes = size;
            var grown = new byte[size];
            buffer.AsSpan(0, length).CopyTo(grown);
            return grown;
        }

        public void Dispose()
        {
            bodies._held.Return(client, _bytes);
            if (_bytes >= Large)
            {
                bodies._giveBack.Change(_rest, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
