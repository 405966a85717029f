using System.Net;
using System.Runtime.ExceptionServices;
using Polly;
using Polly.CircuitBreaker;
using Polly.Registry;
using Polly.Retry;
using Polly.Timeout;

namespace BestOfN.Protocols.Upstreams;

/// <summary>Posts to whichever destination of an upstream serves, within the limits of <see cref="UpstreamOptions"/>.</summary>
/// <remarks>
/// Outermost first: time for all attempts; retries; then for each destination its circuit and the time for one attempt.
/// A destination that cannot be connected to, or whose circuit is open, has done no work, so moving on to the next one is not a retry.
/// Thread-safe.
/// </remarks>
public sealed class UpstreamClient : IDisposable
{
    private static readonly ResiliencePropertyKey<RetryBudget> _budgetKey = new("bestofn.retry-budget");

    private readonly IUpstreamDestinations _destinations;
    private readonly UpstreamOptions _options;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<UpstreamResponse> _attempts;
    private readonly ResiliencePipelineRegistry<string> _circuits = new();

    public UpstreamClient(IUpstreamDestinations destinations, UpstreamOptions options, TimeProvider time)
    {
        _destinations = destinations;
        _options = options;
        _time = time;
        _attempts = Attempts();
    }

    /// <inheritdoc cref="UpstreamOptions.MaxAnswerBytes"/>
    public long MaxAnswerBytes => _options.MaxAnswerBytes;

    /// <inheritdoc cref="UpstreamOptions.AttemptTimeout"/>
    public TimeSpan AttemptTimeout => _options.AttemptTimeout;

    /// <summary>Retries that one client request may spend.</summary>
    public RetryBudget NewBudget(Action<TimeSpan>? onRetry = null) => new(_options.Retries, onRetry);

    /// <summary>Sends and returns at the response headers, whatever their status.</summary>
    /// <param name="path">From the root of the destination, such as <c>/v1/chat/completions</c>.</param>
    /// <param name="content">Must be able to be sent more than once.</param>
    /// <param name="budget">Shared by all calls of one client request.</param>
    /// <param name="cancellationToken">Ends the wait for the headers.</param>
    /// <exception cref="NoDestinationException">There is no destination.</exception>
    /// <exception cref="BrokenCircuitException">Every destination failed too often of late.</exception>
    /// <exception cref="TimeoutRejectedException">No headers in time.</exception>
    /// <exception cref="HttpRequestException">The connection failed or was lost.</exception>
    public async Task<UpstreamResponse> PostAsync(string path, HttpContent content, RetryBudget budget, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(_budgetKey, budget);
        List<string> failed = [];
        try
        {
            return await _attempts.ExecuteAsync(attempt => AttemptAsync(path, content, failed, attempt.CancellationToken), context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    public void Dispose() => _circuits.Dispose();

    private async ValueTask<UpstreamResponse> AttemptAsync(
        string path, HttpContent content, List<string> failed, CancellationToken cancellationToken)
    {
        List<string> refused = [];
        ExceptionDispatchInfo? refusal = null;
        while (true)
        {
            var destination = _destinations.Acquire([.. failed, .. refused]) ?? throw new NoDestinationException(_options.CircuitBreak);
            if (refusal is not null && refused.Contains(destination.Name))
            {
                destination.Dispose();
                refusal.Throw();
            }

            try
            {
                var response = await CircuitOf(destination.Name).ExecuteAsync(
                    token => SendAsync(destination, path, content, token), cancellationToken);
                if (IsTransient(response.Message.StatusCode))
                {
                    failed.Add(destination.Name);
                }

                return response;
            }
            catch (Exception exception)
            {
                destination.Dispose();
                failed.Add(destination.Name);
                if (!DidNoWork(exception))
                {
                    throw;
                }

                refused.Add(destination.Name);
                refusal = ExceptionDispatchInfo.Capture(exception);
            }
        }
    }

    private static async ValueTask<UpstreamResponse> SendAsync(
        IUpstreamDestination destination, string path, HttpContent content, CancellationToken cancellationToken)
    {
        // Never disposed: that would dispose the content, which a later attempt sends again.
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.AcceptEncoding.ParseAdd("identity");
        try
        {
            return new(await destination.SendAsync(request, cancellationToken), destination);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's way to say that connecting took too long.
            destination.Report(served: false);
            throw new HttpRequestException(HttpRequestError.ConnectionError, "Connecting took too long.", exception);
        }
        catch (HttpRequestException)
        {
            destination.Report(served: false);
            throw;
        }
    }

    private ResiliencePipeline<UpstreamResponse> Attempts()
    {
        var pipeline = new ResiliencePipelineBuilder<UpstreamResponse> { TimeProvider = _time }.AddTimeout(_options.TotalTimeout);
        if (_options.Retries > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions<UpstreamResponse>
            {
                MaxRetryAttempts = _options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = _options.RetryDelay,
                MaxDelay = _options.MaxRetryDelay,
                DelayGenerator = args => new(RetryAfter(args.Outcome.Result)),
                OnRetry = args =>
                {
                    args.Context.Properties.GetValue(_budgetKey, null!).Pause(args.RetryDelay);
                    return default;
                },
                ShouldHandle = args => new(
                    IsTransient(args.Outcome)
                    && !(RetryAfter(args.Outcome.Result) > _options.MaxRetryDelay)
                    && args.Context.Properties.GetValue(_budgetKey, null!).TryTake()),
            });
        }

        return pipeline.Build();
    }

    private ResiliencePipeline<UpstreamResponse> CircuitOf(string destination) =>
        _circuits.GetOrAddPipeline<UpstreamResponse>(destination, pipeline =>
        {
            pipeline.TimeProvider = _time;
            pipeline
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<UpstreamResponse>
                {
                    FailureRatio = 0.5,
                    MinimumThroughput = _options.CircuitMinimumCalls,
                    SamplingDuration = TimeSpan.FromSeconds(30),
                    BreakDuration = _options.CircuitBreak,
                    // Any other status is an answer to one prompt, which must not put the destination out for the prompts of others.
                    ShouldHandle = args => new(args.Outcome.Exception is HttpRequestException or TimeoutRejectedException
                        || args.Outcome.Result?.Message.StatusCode
                            is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout),
                })
                .AddTimeout(_options.AttemptTimeout);
        });

    private TimeSpan? RetryAfter(UpstreamResponse? response) => response?.Message.RetryAfter(_time);

    private static bool IsTransient(Outcome<UpstreamResponse> outcome) =>
        outcome.Exception is HttpRequestException or TimeoutRejectedException
        || (outcome.Result is { } response && IsTransient(response.Message.StatusCode));

    private static bool IsTransient(HttpStatusCode status) =>
        status is (>= HttpStatusCode.InternalServerError and not (HttpStatusCode.NotImplemented or HttpStatusCode.HttpVersionNotSupported))
            or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;

    private static bool DidNoWork(Exception exception) =>
        exception is BrokenCircuitException
            or HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError
        };
}
