using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Observability;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>One answer as server-sent events.</summary>
/// <remarks>
/// The headers wait for the first keep-alive interval, so that a quick failure still gets its own status and a quick selection its headers;
/// they wait on while an upstream that has failed is about to be asked again, for its status may still become the client's. After that the
/// stream begins with the role and stays alive with comments. A single candidate is passed on as it is made, and begins with its first
/// piece.
/// </remarks>
internal sealed class AnswerStream(
    HttpResponse response, PreparedRequest request, IAnswerFormat format, TimeSpan keepAlive, TimeProvider time, ILogger logger)
{
    private readonly EventStream _events = new(response);
    private readonly OpenStatus _status = new(keepAlive, time);
    private readonly Channel<GenerationEvent> _live = Channel.CreateUnbounded<GenerationEvent>(new() { SingleReader = true });
    private readonly bool _isAlone = request.Selection.Generation.Candidates == 1;

    // In this process log-probabilities come with the finished answer only, and belong to its text.
    private readonly bool _passesOn = request.Selection.Generation.Candidates == 1
        && (request.Model.ForwardsVerbatim || !request.Selection.Generation.Sampling.Logprobs);

    // Null where the client did not ask to see what happens to candidates.
    private readonly LiveBatch? _happened = request.Return is ReportDetail.Live ? new() : null;

    /// <exception cref="Exception">The selection failed before the stream began. Later failures are written into the stream.</exception>
    public async Task WriteAsync(BestOfNSelector selector, CancellationToken cancellationToken)
    {
        try
        {
            var selecting = SelectAsync(selector, cancellationToken);
            await WriteWhileWorkingAsync(cancellationToken);
            var selection = await selecting;
            RequestFacts.Of(response.HttpContext).Selection = selection;

            WriteRemainder(selection);
            _events.WriteDone();
            await _events.FlushAsync(cancellationToken);
        }
        catch (Exception exception) when (_events.HasBegun && !cancellationToken.IsCancellationRequested)
        {
            // The status has been sent: the error becomes an event, and the missing [DONE] tells that the answer is not complete.
            var error = ErrorDescription.Of(exception);

            // Messages may repeat the prompt, which has no place in a log.
            var type = (exception as FailureException)?.Failure.ErrorType ?? exception.GetType().Name;
            var isAccident = error.StatusCode is StatusCodes.Status500InternalServerError;
            logger.StreamBroke(error.StatusCode, type, isAccident ? exception.StackTrace : error.Error.Code);
            _events.WriteError(error);
            await _events.FlushAsync(cancellationToken);
        }
    }

    private async Task<SelectionResult> SelectAsync(BestOfNSelector selector, CancellationToken cancellationToken)
    {
        try
        {
            var generation = request.Selection.Generation with { OnRetry = _status.Await };
            var live = _passesOn || _happened is not null ? _live.Writer : null;
            var selection = request.Selection with { Generation = generation, Live = live };
            return await selector.SelectAsync(selection, cancellationToken);
        }
        finally
        {
            _live.Writer.Complete();
        }
    }

    private async Task WriteWhileWorkingAsync(CancellationToken cancellationToken)
    {
        var more = _live.Reader.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            using var interval = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var isReady = await Task.WhenAny(more, Task.Delay(keepAlive, time, interval.Token)) == more;
            await interval.CancelAsync();
            if (isReady && !await more)
            {
                return;
            }

            if (isReady)
            {
                WriteLive();
                more = _live.Reader.WaitToReadAsync(cancellationToken).AsTask();
            }
            else if (_events.HasBegun || !_status.IsOpen)
            {
                Begin();
                _events.WriteComment();
            }

            if (_events.HasBegun)
            {
                await _events.FlushAsync(cancellationToken);
            }
        }
    }

    /// <summary>
    /// Passes on what has come of the only candidate, whose end comes with the selection, and tells what happened to each where that was
    /// asked for.
    /// </summary>
    private void WriteLive()
    {
        while (_live.Reader.TryRead(out var happened))
        {
            _happened?.Add(happened);
            if (!_passesOn || happened is not CandidateDelta delta)
            {
                continue;
            }

            Begin();
            foreach (var chunk in format.Piece(delta))
            {
                _events.Write(chunk);
            }
        }

        if (_happened is { HasProgress: true, IsEmpty: false })
        {
            Begin();
            _events.Write(format.Live(_happened.Take()));
        }
    }

    /// <summary>Sends the headers, and the first chunk of an answer of which nothing is known yet.</summary>
    private void Begin()
    {
        if (_events.HasBegun)
        {
            return;
        }

        SelectionHeaders.WriteEarly(response.Headers, request.Selection);
        if (!_isAlone)
        {
            _events.Write(format.Opening());
        }
    }

    private void WriteRemainder(SelectionResult selection)
    {
        var includesUsage = request.Asked.Stream.IncludeUsage;
        var report = SelectionReport.Of(selection, request.Return);
        var choices = selection.Ranking.Take(request.Selection.Choices).ToList();
        if (!_events.HasBegun)
        {
            SelectionHeaders.Write(response.Headers, selection);
        }

        if (_happened is not null)
        {
            _happened.AddRanks(selection);
            _events.Write(format.Live(_happened.Take()));
        }

        for (var choice = 0; choice < choices.Count; choice++)
        {
            var isLast = choice == choices.Count - 1 && !includesUsage;
            foreach (var chunk in format.Remainder(choice, choices[choice].Candidate!, isLast ? report : null))
            {
                _events.Write(chunk);
            }
        }

        if (includesUsage)
        {
            _events.Write(format.UsageOf(selection, report));
        }
    }
}
