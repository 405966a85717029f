using System.Diagnostics.Metrics;
using BestOfN.Core.Telemetry;

namespace BestOfN.Gateway.Rewards;

/// <summary>Counts what the reward server does.</summary>
internal sealed class RewardMetrics
{
    private readonly Histogram<double> _durations;
    private readonly Counter<int> _inputs;

    public RewardMetrics(IMeterFactory meters, RewardScorer scorer)
    {
        var meter = meters.Create(TelemetryNames.Source);
        _durations = meter.CreateHistogram(
            TelemetryNames.RewardDuration, "s", "From a request for rewards to its answer, or to its failure.", null, Buckets.Seconds);
        _inputs = meter.CreateCounter<int>(
            TelemetryNames.RewardInputs, "{input}", "Inputs that were scored for trainers and rerank clients.");
        meter.CreateObservableUpDownCounter(TelemetryNames.RewardWorking, () =>
            scorer.Working, "{prompt}", "Prompts that the reward server has scored now.");
        meter.CreateObservableUpDownCounter(TelemetryNames.RewardWaiting, () =>
            scorer.Waiting, "{prompt}", "Prompts that wait for the reward server.");
    }

    public void Answered(string dialect, string rewardModel, int inputs, TimeSpan elapsed)
    {
        _inputs.Add(inputs, new(TelemetryNames.Dialect, dialect), new(TelemetryNames.RewardModel, rewardModel));
        Ended(dialect, "answered", elapsed);
    }

    public void Ended(string dialect, string outcome, TimeSpan elapsed) =>
        _durations.Record(elapsed.TotalSeconds, new(TelemetryNames.Dialect, dialect), new(TelemetryNames.Outcome, outcome));
}
