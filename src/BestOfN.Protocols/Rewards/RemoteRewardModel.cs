using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Protocols.OpenAI;
using BestOfN.Protocols.Upstreams;
using Polly.Timeout;

namespace BestOfN.Protocols.Rewards;

/// <summary>A reward model on another server. Thread-safe; the client is the caller's.</summary>
/// <remarks>
/// N answers go in one call where the protocol has room for them, else in several at the same time. An answer whose call failed, or whose
/// reward is not a finite number, gets none, while the others keep theirs; where no answer has one, the call fails.
/// </remarks>
public sealed class RemoteRewardModel : IRewardModel
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64 };

    private readonly UpstreamClient _client;
    private readonly IRewardProtocol _protocol;
    private readonly string? _model;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim? _turns;

    /// <param name="name">What the operator calls it.</param>
    /// <param name="client">Calls the server, with retries and circuit breakers.</param>
    /// <param name="protocol">The server's protocol.</param>
    /// <param name="model">What the model is called there; null: not said.</param>
    /// <param name="time">The clock.</param>
    /// <param name="turns">
    /// For long work that had better end than lose rewards: a call waits here for its turn, which takes none of its time, and one that gets
    /// no answer fails all answers of its prompt. Null: calls are made at once, and answers whose calls succeed keep their scores.
    /// </param>
    public RemoteRewardModel(
        string name, UpstreamClient client, IRewardProtocol protocol, string? model, TimeProvider time, SemaphoreSlim? turns = null) =>
        (Name, _client, _protocol, _model, _time, _turns) = (name, client, protocol, model, time, turns);

    public string Name { get; }

    public bool AcceptsPictures => _protocol.TakesImages;

    public IScoringSession Begin(Prompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return new RemoteScoringSession(this, prompt);
    }

    internal async Task<IReadOnlyList<CandidateScore?>> ScoreAsync(
        Prompt prompt, IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        var budget = _client.NewBudget();
        var calls = await Task.WhenAll(
            answers.Chunk(_protocol.MaxAnswers).Select(chunk => CallAsync(prompt, chunk, budget, cancellationToken)));
        if (_turns is not null && Array.Find(calls, call => call.Failure is { IsOutage: true }).Failure is { } outage)
        {
            throw outage;
        }

        var scores = calls.SelectMany(call => call.Scores).ToList();
        return scores.Exists(double.IsFinite) || scores.Count == 0
            ? [.. scores.Select(score => (CandidateScore?)new CandidateScore(score))]
            : throw calls.Select(call => call.Failure).FirstOrDefault(failure => failure is not null)
                ?? new ScoringFailedException(new Failure(
                    FailureKind.Upstream, $"The reward model '{Name}' gave no score that is a finite number."));
    }

    /// <returns>Scores, not a number for answers without one, and why the call failed; null where it did not.</returns>
    private async Task<(double[] Scores, ScoringFailedException? Failure)> CallAsync(
        Prompt prompt, Answer[] answers, RetryBudget budget, CancellationToken cancellationToken)
    {
        await (_turns?.WaitAsync(cancellationToken) ?? Task.CompletedTask);
        try
        {
            using var content = Content(prompt, answers);
            using var response = await _client.PostAsync(_protocol.Path, content, budget, cancellationToken);
            return ([.. await ReadInTimeAsync(response, answers.Length, cancellationToken)], null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return ([.. answers.Select(_ => double.NaN)], Failed(exception));
        }
        finally
        {
            _turns?.Release();
        }
    }

    // The client's times end at the headers; a server that stalls behind them has as long again.
    private async Task<IReadOnlyList<double>> ReadInTimeAsync(UpstreamResponse response, int count, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_client.AttemptTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (!response.Message.IsSuccessStatusCode)
            {
                response.Report(served: true);
                throw await UpstreamFailure.ReadAsync(response.Message, _time, either.Token);
            }

            return await ReadAsync(response, count, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutRejectedException(_client.AttemptTimeout);
        }
    }

    private ByteArrayContent Content(Prompt prompt, Answer[] answers)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            _protocol.Write(json, _model, prompt, answers);
        }

        return new ByteArrayContent(body.WrittenSpan.ToArray()) { Headers =
            { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private async Task<IReadOnlyList<double>> ReadAsync(UpstreamResponse response, int count, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await UpstreamBody.OpenAsync(
                response.Message.Content, _client.MaxAnswerBytes, _client.MaxAnswerBytes, UpstreamFailure.KeyOf(response.Message),
                    cancellationToken);
            using var json = await JsonDocument.ParseAsync(body, s_json, cancellationToken);
            response.Report(served: true);
            return _protocol.Read(json.RootElement, count);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            response.Report(served: false);
            throw;
        }
    }

    private ScoringFailedException Failed(Exception exception)
    {
        var failure = exception switch
        {
            ScoringFailedException own => own.Failure,

            // A content that would be read as marks of the template: the prompt is to blame.
            ArgumentException unwritable => new Failure(FailureKind.InvalidRequest, unwritable.Message.Split('(')[0].Trim()),
            RewardShapeException or JsonException or FormatException => new Failure(
                FailureKind.Upstream,
                    $"The answer of the reward model '{Name}' has another shape than its protocol: {WhatIsWrong(exception)}."),
            _ => UpstreamFailure.From(exception).Failure,
        };

        // Only these statuses blame the prompt; the others blame how the server is called.
        return new ScoringFailedException(
            failure.Kind is FailureKind.InvalidRequest && failure.Upstream is { Status: not (400 or 413 or 422) }
                ? failure with { Kind = FailureKind.Upstream } : failure,
            exception);
    }

    private static string WhatIsWrong(Exception exception) => exception is RewardShapeException ? exception.Message : "it is no such JSON";
}
