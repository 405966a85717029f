using System.Diagnostics;
using System.Diagnostics.Metrics;
using BestOfN.Core.Failures;
using BestOfN.Core.Telemetry;

namespace BestOfN.Core.Selection;

/// <summary>Counts and traces selections, those without an answer included.</summary>
public sealed class SelectionTelemetry
{
    private static readonly ActivitySource _activities = new(TelemetryNames.Source);

    private readonly Histogram<double> _selections;
    private readonly Histogram<double> _margins;
    private readonly Histogram<double> _scores;
    private readonly Histogram<double> _scoring;
    private readonly Histogram<double> _generations;
    private readonly Histogram<double> _firstTokens;
    private readonly Histogram<long> _tokens;
    private readonly Counter<int> _candidates;
    private readonly Counter<int> _degradations;

    public SelectionTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetryNames.Source);
        _selections = meter.CreateHistogram(
            TelemetryNames.SelectionDuration, "s", "From request to chosen candidate, or to the failure.", null, Buckets.Seconds);
        _margins = meter.CreateHistogram(
            TelemetryNames.SelectionMargin, "{reward}", "The chosen candidate's score less the best of the others.", null, Buckets.Rewards);
        _scores = meter.CreateHistogram(TelemetryNames.CandidateScore, "{reward}", "Scores of candidates.", null, Buckets.Rewards);
        _scoring = meter.CreateHistogram(
            TelemetryNames.ScoringDuration, "s", "Spent in passes of the reward model for one request.", null, Buckets.Seconds);
        _generations = meter.CreateHistogram(
            TelemetryNames.GenerationDuration, "s", "From request to the last candidate, or to the failure.", null, Buckets.Seconds);
        _firstTokens = meter.CreateHistogram(
            TelemetryNames.FirstToken, "s", "From request to the first piece of any candidate.", null, Buckets.Seconds);
        _tokens = meter.CreateHistogram(
            TelemetryNames.TokenUsage, "{token}", "Tokens of one request over all candidates.", null, Buckets.Tokens);
        _candidates = meter.CreateCounter<int>(TelemetryNames.Candidates, "{candidate}", "Candidates by what became of them.");
        _degradations = meter.CreateCounter<int>(
            TelemetryNames.Degradations, "{request}", "Requests that were answered with less than was asked for.");
    }

    /// <summary>Begins to measure a request; it ends when the measurement is disposed.</summary>
    internal Measurement Start(SelectionRequest request, TimeProvider time) => new(this, request, time);

    /// <summary>One request.</summary>
    internal sealed class Measurement : IDisposable
    {
        private readonly SelectionTelemetry _telemetry;
        private readonly TimeProvider _time;
        private readonly long _begin;
        private readonly Activity? _activity;
        private readonly TagList _selection;
        private readonly TagList _operation;
        private readonly KeyValuePair<string, object?> _model;

        public Measurement(SelectionTelemetry telemetry, SelectionRequest request, TimeProvider time)
        {
            (_telemetry, _time, _begin) = (telemetry, time, time.GetTimestamp());
            _model = new(TelemetryNames.Model, request.Model ?? request.Generation.Model);
            _selection = [_model, new(TelemetryNames.Strategy, request.Strategy)];
            _operation =
            [
                new(TelemetryNames.OperationName, "chat"), new(TelemetryNames.ProviderName, TelemetryNames.Service),
                new(TelemetryNames.RequestModel, request.Generation.Model), _model,
            ];
            _activity = _activities.StartActivity(TelemetryNames.SelectActivity);
            foreach (var tag in _operation.Concat(_selection))
            {
                _activity?.SetTag(tag.Key, tag.Value);
            }

            _activity?.SetTag(TelemetryNames.RequestChoiceCount, request.Generation.Candidates);
        }

        public void Selected(SelectionResult selection)
        {
            var outcome = selection.Degraded.Count > 0 ? "degraded" : "answered";
            _telemetry._selections.Record(selection.Timing.Total.TotalSeconds, [.. _selection, new(TelemetryNames.Outcome, outcome)]);
            _telemetry._generations.Record(selection.Timing.Generation.TotalSeconds, _operation);
            if (selection.Timing.FirstToken is { } first)
            {
                _telemetry._firstTokens.Record(first.TotalSeconds, _operation);
            }

            if (selection.TotalUsage.PromptTokens is > 0 and var read) // else nobody has counted them
            {
                _telemetry._tokens.Record(read, [.. _operation, new(TelemetryNames.TokenType, "input")]);
            }

            _telemetry._tokens.Record(selection.TotalUsage.CompletionTokens, [.. _operation, new(TelemetryNames.TokenType, "output")]);
            foreach (var group in selection.Candidates.GroupBy(candidate => candidate.Status))
            {
                _telemetry._candidates.Add(group.Count(), _model, new(TelemetryNames.CandidateStatus, group.Key.ToString()));
            }

            foreach (var degradation in selection.Degraded.Select(word => word.Split(':')[0]).Distinct())
            {
                _telemetry._degradations.Add(1, _model, new(TelemetryNames.Degradation, degradation));
            }

            _activity?.SetTag(TelemetryNames.Outcome, outcome)
                .SetTag(TelemetryNames.InputTokens, selection.TotalUsage.PromptTokens)
                .SetTag(TelemetryNames.OutputTokens, selection.TotalUsage.CompletionTokens);
            Scored(selection);
        }

        public void Failed(Exception exception)
        {
            var outcome = exception switch
            {
                OperationCanceledException => "abandoned",
                FailureException { Failure.Kind: FailureKind.InvalidRequest or FailureKind.UnreadableInput or FailureKind.Overloaded } =>
                    "refused",
                _ => "failed",
            };
            var error = new KeyValuePair<string, object?>(
                TelemetryNames.ErrorType, exception is FailureException { Failure: { } failure }
                    ? failure.ErrorType
                    : exception.GetType().Name);
            var elapsed = _time.GetElapsedTime(_begin).TotalSeconds;
            _telemetry._selections.Record(elapsed, [.. _selection, new(TelemetryNames.Outcome, outcome), error]);
            _telemetry._generations.Record(elapsed, [.. _operation, error]);
            _activity?.SetTag(TelemetryNames.Outcome, outcome).SetTag(error.Key, error.Value).SetStatus(ActivityStatusCode.Error);
        }

        public void Dispose() => _activity?.Dispose();

        private void Scored(SelectionResult selection)
        {
            var scored = selection.Candidates.Where(candidate => candidate.Score is not null).ToList();
            if (scored.Count == 0)
            {
                return;
            }

            var judge = new KeyValuePair<string, object?>(TelemetryNames.RewardModel, selection.RewardModel);
            _telemetry._scoring.Record(selection.Timing.Scoring.TotalSeconds, [.. _selection, judge]);
            foreach (var candidate in scored)
            {
                double score = candidate.Score!.Value.Value;
                _telemetry._scores.Record(score, _model, judge);
                _activity?.AddEvent(new ActivityEvent(TelemetryNames.EvaluationEvent, tags: new ActivityTagsCollection
                {
                    [TelemetryNames.EvaluationName] = selection.RewardModel,
                    [TelemetryNames.EvaluationScore] = score,
                }));
            }

            var others = scored.Where(candidate => candidate.Index != selection.Winner.Index).ToList();
            if (selection.Winner.Score is { } best && others.Count > 0)
            {
                _telemetry._margins.Record(best.Value - others.Max(candidate => candidate.Score!.Value.Value), [.. _selection, judge]);
            }
        }
    }
}
