using System.Diagnostics;
using System.Diagnostics.Metrics;
using BestOfN.Core.Selection;

namespace BestOfN.Core.Telemetry;

/// <summary>What is counted and traced of selections.</summary>
public sealed class SelectionTelemetry
{
    private static readonly ActivitySource _activities = new(TelemetryNames.Source);

    private readonly Histogram<double> _selections;
    private readonly Histogram<double> _scoring;
    private readonly Histogram<double> _generations;
    private readonly Histogram<long> _tokens;
    private readonly Counter<int> _candidates;
    private readonly Counter<int> _degradations;

    public SelectionTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetryNames.Source);
        _selections = meter.CreateHistogram<double>(TelemetryNames.SelectionDuration, "s", "From request to chosen candidate.");
        _scoring = meter.CreateHistogram<double>(TelemetryNames.ScoringDuration, "s", "Spent in passes of the reward model for one request.");
        _generations = meter.CreateHistogram<double>(TelemetryNames.GenerationDuration, "s", "From request to the last candidate.");
        _tokens = meter.CreateHistogram<long>(TelemetryNames.TokenUsage, "{token}", "Tokens of one request over all candidates.");
        _candidates = meter.CreateCounter<int>(TelemetryNames.Candidates, "{candidate}", "Candidates by what became of them.");
        _degradations = meter.CreateCounter<int>(TelemetryNames.Degradations, "{request}", "Requests that were answered with less than was asked for.");
    }

    internal static Activity? Start(SelectionRequest request) =>
        _activities.StartActivity(TelemetryNames.SelectActivity)
            ?.SetTag(TelemetryNames.OperationName, "chat")
            .SetTag(TelemetryNames.RequestModel, request.Generation.Model)
            .SetTag(TelemetryNames.RequestChoiceCount, request.Generation.Candidates)
            .SetTag(TelemetryNames.Strategy, request.Strategy);

    internal void Selected(string model, Selection.Selection selection, Activity? activity)
    {
        var strategy = new KeyValuePair<string, object?>(TelemetryNames.Strategy, selection.Strategy);
        TagList operation = new()
        {
            { TelemetryNames.OperationName, "chat" },
            { TelemetryNames.RequestModel, model },
        };

        _selections.Record(selection.Timing.Total.TotalSeconds, strategy);
        _generations.Record(selection.Timing.Generation.TotalSeconds, operation);
        Record(operation, "input", selection.TotalUsage.PromptTokens);
        Record(operation, "output", selection.TotalUsage.CompletionTokens);
        if (selection.Scored > 0)
        {
            _scoring.Record(selection.Timing.Scoring.TotalSeconds, strategy);
        }

        foreach (var group in selection.Candidates.GroupBy(candidate => candidate.Status))
        {
            _candidates.Add(group.Count(), new KeyValuePair<string, object?>(TelemetryNames.CandidateStatus, group.Key.ToString()));
        }

        foreach (var degradation in selection.Degraded.Select(word => word.Split(':')[0]).Distinct())
        {
            _degradations.Add(1, new KeyValuePair<string, object?>(TelemetryNames.Degradation, degradation));
        }

        foreach (var candidate in selection.Candidates.Where(candidate => candidate.Score is not null))
        {
            activity?.AddEvent(new ActivityEvent(TelemetryNames.EvaluationEvent, tags: new ActivityTagsCollection
            {
                [TelemetryNames.EvaluationName] = selection.RewardModel,
                [TelemetryNames.EvaluationScore] = candidate.Score!.Value.Value,
            }));
        }
    }

    private void Record(TagList operation, string type, long tokens)
    {
        operation.Add(TelemetryNames.TokenType, type);
        _tokens.Record(tokens, operation);
    }
}
