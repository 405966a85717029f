using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;
using BestOfN.Core.Telemetry;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Shutdown;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Access;

/// <summary>The way in for a request that makes candidates: its body is read, then it waits for its turn, then it is answered.</summary>
/// <remarks>A request takes no place while its body is still coming, so that slow senders do not keep others out.</remarks>
internal sealed class Admission
{
    private readonly ApiKeys _keys;
    private readonly RequestBodies _bodies;
    private readonly Draining _draining;
    private readonly BestOfNOptions _options;
    private readonly TimeProvider _time;

    public Admission(
        ApiKeys keys, RequestBodies bodies, Draining draining, IOptions<BestOfNOptions> options, TimeProvider time, IMeterFactory meters)
    {
        _keys = keys;
        _bodies = bodies;
        _draining = draining;
        _options = options.Value;
        _time = time;
        Turns = new(_options.MaxConcurrentRequests, PlacesPerClient(_options, keys), _options.MaxQueuedRequests);

        var meter = meters.Create(TelemetryNames.Source);
        meter.CreateObservableUpDownCounter(
            "bestofn.requests.working", () => Turns.Working, "{request}", "Requests that candidates are made for.");
        meter.CreateObservableUpDownCounter(
            "bestofn.requests.waiting", () => Turns.Waiting, "{request}", "Requests that wait for their turn.");
    }

    public FairTurns Turns { get; }

    /// <param name="context">The request.</param>
    /// <param name="answerAsync">Answers it, given its body. The token also ends what is still running when the gateway has to
    /// stop.</param>
    /// <exception cref="ApiException">It cannot be read, or there is no room for it.</exception>
    public async Task AnswerAsync(HttpContext context, Func<ReadOnlyMemory<byte>, CancellationToken, Task> answerAsync)
    {
        var client = _keys.ClientOf(context);
        using var work = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _draining.TimeIsUp);
        try
        {
            var body = await _bodies.ReadAsync(context, client, work.Token);
            var begin = _time.GetTimestamp();
            using var turn = await WaitAsync(client, work.Token);
            context.Features.Set(new QueueTime(_time.GetElapsedTime(begin)));
            await answerAsync(body, work.Token);
        }
        catch (Exception) when (_draining.TimeIsUp.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await EndAsync(context.Response, ApiException.ShuttingDown(_options.RetryAfter));
        }
    }

    private async Task<IDisposable> WaitAsync(string client, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_options.MaxQueueTime, _time);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await Turns.TakeAsync(client, wait.Token)
                ?? throw ApiException.TooManyRequests("Too many requests are waiting.", _options.RetryAfter);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ApiException.TooManyRequests(
                $"The request waited for {_options.MaxQueueTime.TotalSeconds} s without getting its turn.", _options.RetryAfter);
        }
    }

    private static async Task EndAsync(HttpResponse response, ApiException reason)
    {
        if (!response.HasStarted)
        {
            throw reason;
        }

        // The status has been sent: the error becomes an event, and the missing [DONE] tells that the answer is not complete.
        response.BodyWriter.Write("event: error\ndata: "u8);
        response.BodyWriter.Write(JsonSerializer.SerializeToUtf8Bytes(
            new ApiErrorResponse(ErrorDescription.Of(reason).Error), OpenAIJsonContext.Default.ApiErrorResponse));
        response.BodyWriter.Write("\n\n"u8);
        await response.BodyWriter.FlushAsync(response.HttpContext.RequestAborted);
    }

    // Where several clients can be told apart, one alone leaves a quarter of the places to the others.
    private static int PlacesPerClient(BestOfNOptions options, ApiKeys keys) =>
        options.MaxConcurrentRequestsPerClient
            ?? (keys.Count > 1 ? Math.Max(1, options.MaxConcurrentRequests * 3 / 4) : options.MaxConcurrentRequests);
}
