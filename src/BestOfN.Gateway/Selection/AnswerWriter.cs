using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Observability;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Selection;

/// <summary>Has a planned request answered, and writes the answer whole or as a stream.</summary>
/// <remarks>
/// A stream's headers wait for the first keep-alive interval, so that a quick failure still gets its own status and a quick selection its
/// headers; they wait on while an upstream that has failed is about to be asked again, for its status may still become the client's. After
/// that the stream begins with the role and stays alive with comments. A single candidate is passed on as it is made, and begins with its
/// first piece.
/// </remarks>
internal sealed class AnswerWriter(BestOfNSelector selector, IOptions<BestOfNOptions> options, TimeProvider time, ILogger<AnswerWriter> logger)
{
    public async Task WriteAsync(HttpResponse response, PlannedRequest plan, IAnswerFormat format, CancellationToken cancellationToken)
    {
        var facts = RequestFacts.Of(response.HttpContext);
        (facts.Model, facts.Candidates) = (plan.Model.Name, plan.Selection.Generation.Candidates);
        if (plan.Request.Stream.Stream)
        {
            await StreamAsync(response, plan, format, cancellationToken);
            return;
        }

        var selection = await selector.SelectAsync(plan.Selection, cancellationToken);
        facts.Scored = selection.Scored;
        SelectionHeaders.Write(response.Headers, selection);
        var body = format.Whole(selection);
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, cancellationToken);
    }

    private async Task StreamAsync(HttpResponse response, PlannedRequest plan, IAnswerFormat format, CancellationToken cancellationToken)
    {
        var events = new EventStream(response);
        try
        {
            var live = Channel.CreateUnbounded<CandidateDelta>(new() { SingleReader = true, SingleWriter = true });
            var status = new OpenStatus(options.Value.KeepAliveInterval, time);
            var selecting = SelectAsync(plan, live.Writer, status, cancellationToken);
            await WriteWhileWorkingAsync(events, response, plan, format, live.Reader, status, cancellationToken);
            var selection = await selecting;
            RequestFacts.Of(response.HttpContext).Scored = selection.Scored;

            WriteRemainder(events, response, plan, format, selection);
            events.WriteDone();
            await events.FlushAsync(cancellationToken);
        }
        catch (Exception exception) when (events.HasBegun && !cancellationToken.IsCancellationRequested)
        {
            // The status has been sent: the error becomes an event, and the missing [DONE] tells that the answer is not complete.
            var error = ErrorDescription.Of(exception);

            // Messages may repeat the prompt, which has no place in a log.
            var type = (exception as FailureException)?.Failure.ErrorType ?? exception.GetType().Name;
            var isAccident = error.StatusCode is StatusCodes.Status500InternalServerError;
            logger.StreamBroke(error.StatusCode, type, isAccident ? exception.StackTrace : error.Error.Code);
            events.WriteError(error);
            await events.FlushAsync(cancellationToken);
        }
    }

    private async Task<SelectionResult> SelectAsync(
        PlannedRequest plan, ChannelWriter<CandidateDelta> live, OpenStatus status, CancellationToken cancellationToken)
    {
        try
        {
            // In this process log-probabilities come with the finished answer only, and belong to its text.
            var isLive = IsAlone(plan) && (plan.Model.ForwardsVerbatim || !plan.Selection.Generation.Sampling.Logprobs);
            var generation = plan.Selection.Generation with { OnRetry = status.Await };
            var selection = plan.Selection with { Generation = generation, Live = isLive ? live : null };
            return await selector.SelectAsync(selection, cancellationToken);
        }
        finally
        {
            live.Complete();
        }
    }

    private static bool IsAlone(PlannedRequest plan) => plan.Selection.Generation.Candidates == 1;

    private async Task WriteWhileWorkingAsync(
        EventStream events, HttpResponse response, PlannedRequest plan, IAnswerFormat format, ChannelReader<CandidateDelta> live,
        OpenStatus status, CancellationToken cancellationToken)
    {
        var more = live.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            using var interval = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var isReady = await Task.WhenAny(more, Task.Delay(options.Value.KeepAliveInterval, time, interval.Token)) == more;
            await interval.CancelAsync();
            if (isReady && !await more)
            {
                return;
            }

            if (!isReady && !events.HasBegun && status.IsOpen)
            {
                continue;
            }

            if (!events.HasBegun)
            {
                SelectionHeaders.WriteEarly(response.Headers, plan.Selection);
                if (!IsAlone(plan))
                {
                    events.Write(format.Opening());
                }
            }

            if (isReady)
            {
                while (live.TryRead(out var delta))
                {
                    foreach (var chunk in format.Piece(delta))
                    {
                        events.Write(chunk);
                    }
                }

                more = live.WaitToReadAsync(cancellationToken).AsTask();
            }
            else
            {
                events.WriteComment();
            }

            await events.FlushAsync(cancellationToken);
        }
    }

    private static void WriteRemainder(EventStream events, HttpResponse response, PlannedRequest plan, IAnswerFormat format, SelectionResult selection)
    {
        var includesUsage = plan.Request.Stream.IncludeUsage;
        var report = SelectionReport.Of(selection, plan.Return);
        var choices = selection.Ranking.Take(plan.Selection.Choices).ToList();
        for (var choice = 0; choice < choices.Count; choice++)
        {
            if (!events.HasBegun)
            {
                SelectionHeaders.Write(response.Headers, selection);
            }

            var isLast = choice == choices.Count - 1 && !includesUsage;
            foreach (var chunk in format.Remainder(choice, choices[choice].Candidate!, isLast ? report : null))
            {
                events.Write(chunk);
            }
        }

        if (includesUsage)
        {
            events.Write(format.UsageOf(selection, report));
        }
    }
}
