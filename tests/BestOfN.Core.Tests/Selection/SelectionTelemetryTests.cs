using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Core.Telemetry;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace BestOfN.Core.Tests.Selection;

public sealed class SelectionTelemetryTests
{
    [Fact]
    public async Task A_selection_is_an_activity_with_the_model_as_the_operator_calls_it_and_an_event_for_each_score()
    {
        var model = $"model-{Guid.NewGuid()}";
        ConcurrentQueue<Activity> stopped = new();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TelemetryNames.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if ((string?)activity.GetTagItem(TelemetryNames.Model) == model)
                {
                    stopped.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        var request = Selectors.Request(FakeGenerator.Answering("a", "bb"), FakeRewardModel.ByLength(), 2) with { Model = model };
        await Selectors.With().SelectAsync(request, TestContext.Current.CancellationToken);

        var activity = Assert.Single(stopped);
        Assert.Equal("bestofn.select", activity.OperationName);
        Assert.Equal(("chat", "m", 2, "answered"), (
            (string?)activity.GetTagItem("gen_ai.operation.name"), (string?)activity.GetTagItem("gen_ai.request.model"),
            (int?)activity.GetTagItem("gen_ai.request.choice.count"), (string?)activity.GetTagItem("bestofn.outcome")));
        Assert.Equal(2, activity.Events.Count(each => each.Name == "gen_ai.evaluation.result"));
    }

    [Fact]
    public async Task A_request_without_an_answer_is_counted_with_what_became_of_it()
    {
        using var seen = new Seen();
        var selector = new BestOfNSelector(
            new SelectionStrategies(SelectionStrategies.BuiltIn), new SelectionTelemetry(seen), TimeProvider.System,
            NullLogger<BestOfNSelector>.Instance);
        var failing = new FakeGenerator(FakeCandidate.Failing(status: 502));
        await Assert.ThrowsAsync<GenerationFailedException>(() =>
            selector.SelectAsync(
                Selectors.Request(failing, null, 1, "first") with { Model = "ours" }, TestContext.Current.CancellationToken));
        await selector.SelectAsync(
            Selectors.Request(FakeGenerator.Answering("a", "bbb"), FakeRewardModel.ByLength(), 2) with { Model = "ours" },
            TestContext.Current.CancellationToken);

        Assert.Equal(
            ["bestofn.model=ours bestofn.strategy=first bestofn.outcome=failed error.type=upstream",
                "bestofn.model=ours bestofn.strategy=reward bestofn.outcome=answered"],
            seen.TagsOf("bestofn.selection.duration"));
        Assert.Single(seen.ValuesOf("gen_ai.server.time_to_first_token")); // no token of the one that failed
        Assert.Equal([2d], seen.ValuesOf("bestofn.selection.margin"));
        Assert.Equal([1d, 3d], seen.ValuesOf("bestofn.candidate.score").Order());
    }

    [Fact]
    public void Histograms_have_bounds_that_fit_what_they_count()
    {
        using var seen = new Seen();
        _ = new SelectionTelemetry(seen);
        Assert.All(seen.Histograms.OfType<Histogram<double>>().Where(histogram => histogram.Unit == "s"), histogram =>
        {
            Assert.InRange(histogram.Advice!.HistogramBucketBoundaries![0], 0.001, 0.05);
            Assert.InRange(histogram.Advice.HistogramBucketBoundaries[^1], 600, 3600);
        });
        Assert.Contains(seen.Histograms, histogram => histogram.Name == "bestofn.selection.duration");
        Assert.All(seen.Histograms.OfType<Histogram<long>>(), histogram => Assert.NotNull(histogram.Advice?.HistogramBucketBoundaries));
    }

    /// <summary>What one selector measured.</summary>
    private sealed class Seen : IMeterFactory
    {
        private readonly List<Meter> _meters = [];
        private readonly ConcurrentQueue<(string Name, double Value, string Tags)> _values = new();
        private readonly ConcurrentQueue<Instrument> _instruments = new();
        private readonly MeterListener _listener = new();

        public Seen()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (_meters.Contains(instrument.Meter))
                {
                    _instruments.Enqueue(instrument);
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>(
                (instrument, value, tags, _) => _values.Enqueue((instrument.Name, value, Text(tags))));
            _listener.Start();
        }

        public IEnumerable<Instrument> Histograms => _instruments;

        public IEnumerable<string> TagsOf(string name) => _values.Where(each => each.Name == name).Select(each => each.Tags);

        public IEnumerable<double> ValuesOf(string name) => _values.Where(each => each.Name == name).Select(each => each.Value);

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            _listener.Dispose();
            _meters.ForEach(meter => meter.Dispose());
        }

        private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
    }
}
