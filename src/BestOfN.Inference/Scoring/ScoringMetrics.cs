using System.Diagnostics.Metrics;
using BestOfN.Core.Telemetry;
using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Scoring;

/// <summary>What the scoring engine reports through the meter "BestOfN".</summary>
internal sealed class ScoringMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly bool _ownsMeter;
    private readonly Counter<long> _tokens;
    private readonly Histogram<long> _tokensPerPass;
    private readonly KeyValuePair<string, object?> _model;
    private long _computed;
    private long _reused;

    public ScoringMetrics(string model, IMeterFactory? meters)
    {
        _ownsMeter = meters is null;
        _meter = meters?.Create(TelemetryNames.Source) ?? new Meter(TelemetryNames.Source);
        _model = new(TelemetryNames.RewardModel, model);
        _tokens = _meter.CreateCounter<long>(TelemetryNames.ScoringTokens, "{token}", "Tokens of prompts and answers, computed or reused.");
        _tokensPerPass =
            _meter.CreateHistogram(TelemetryNames.TokensPerPass, "{token}", "Tokens computed in one pass.", null, Buckets.Tokens);
    }

    /// <summary>Tokens that went through the network.</summary>
    public long ComputedTokens => Interlocked.Read(ref _computed);

    /// <summary>Tokens of answers that continued what was read before.</summary>
    public long ReusedTokens => Interlocked.Read(ref _reused);

    public void Observe(ScoringScheduler scheduler)
    {
        var cache = scheduler.Cache;
        _meter.CreateObservableGauge(
            TelemetryNames.ScoringQueueLength, () => Tagged(scheduler.Waiting), "{call}", "Calls that wait for the device.");
        _meter.CreateObservableGauge(TelemetryNames.PromptCacheSize, () => Tagged(cache.Bytes), "By", "Memory of prompt states.");
        _meter.CreateObservableCounter(
            TelemetryNames.PromptCacheLookups,
            () => new[] { Tagged(cache.Hits, "hit"), Tagged(cache.PartialHits, "partial"), Tagged(cache.Misses, "miss") },
            "{prompt}",
            "Prompts looked up, by how much of them was there.");
        _meter.CreateObservableCounter(
            TelemetryNames.PromptCacheEvictions, () => Tagged(cache.Evictions), "{prompt}", "Prompt states freed for others.");
        if (scheduler.Images is { } images)
        {
            ImageInstruments.Observe(_meter, TelemetryNames.Scoring, images, _model);
        }

        _meter.CreateObservableCounter(
            TelemetryNames.PromptCacheTokens, () => Tagged(cache.ReusedTokens), "{token}", "Prompt tokens that need not be computed.");
    }

    public void Computed(ScoringPass pass)
    {
        Interlocked.Add(ref _computed, pass.Tokens);
        _tokens.Add(pass.Tokens, _model, new(TelemetryNames.TokenSource, "computed"));
        _tokensPerPass.Record(pass.Tokens, _model);
    }

    public void Reused(int tokens)
    {
        if (tokens > 0)
        {
            Interlocked.Add(ref _reused, tokens);
            _tokens.Add(tokens, _model, new(TelemetryNames.TokenSource, "reused"));
        }
    }

    public void Dispose()
    {
        if (_ownsMeter)
        {
            _meter.Dispose();
        }
    }

    private Measurement<long> Tagged(long value) => new(value, _model);

    private Measurement<long> Tagged(long value, string result) => new(value, _model, new(TelemetryNames.Result, result));
}
