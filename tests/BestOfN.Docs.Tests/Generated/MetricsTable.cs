using System.Diagnostics.Metrics;
using BestOfN.Core.Telemetry;

namespace BestOfN.Docs.Tests.Generated;

/// <summary>The metrics of a running gateway as a table: name, kind, unit, tags and meaning.</summary>
internal sealed class MetricsTable : IDisposable
{
    private readonly SortedDictionary<string, (Instrument Instrument, SortedSet<string> Tags)> _seen = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly IMeterFactory _scope;

    /// <param name="scope">The gateway's meters: others of this process are not listened to.</param>
    public MetricsTable(IMeterFactory scope)
    {
        _scope = scope;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == TelemetryNames.Source && ReferenceEquals(instrument.Meter.Scope, _scope))
            {
                lock (_seen)
                {
                    _seen.TryAdd(instrument.Name, (instrument, new SortedSet<string>(StringComparer.Ordinal)));
                }

                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => See(instrument, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, _, tags, _) => See(instrument, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => See(instrument, tags));
        _listener.Start();
    }

    /// <param name="exposed">The text of <c>/metrics</c>.</param>
    public string Write(string exposed)
    {
        _listener.RecordObservableInstruments();
        lock (_seen)
        {
            return "| metric | on `/metrics` | kind | unit | tags | meaning |\n| --- | --- | --- | --- | --- | --- |\n" + string.Concat(
                from each in _seen
                let instrument = each.Value.Instrument
                select $"| `{each.Key}` | `{Exposed(each.Key, exposed)}` | {Kind(instrument)} | `{instrument.Unit}` | "
                    + $"{string.Join(", ", each.Value.Tags.Select(tag => $"`{tag}`"))} | {instrument.Description} |\n");
        }
    }

    /// <returns>The tags as a table: name and meaning.</returns>
    public string WriteTags()
    {
        var comments = SourceComments.OfMembers(nameof(TelemetryNames));
        var constants = typeof(TelemetryNames).GetFields().ToDictionary(field => (string)field.GetRawConstantValue()!, field => field.Name);
        lock (_seen)
        {
            return "| tag | meaning |\n| --- | --- |\n" + string.Concat(
                from tag in _seen.Values.SelectMany(each => each.Tags).Distinct().Order(StringComparer.Ordinal)
                select $"| `{tag}` | {comments[constants[tag]]} |\n");
        }
    }

    public void Dispose() => _listener.Dispose();

    private static string Exposed(string name, string exposed)
    {
        var plain = name.Replace('.', '_');
        return exposed.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2])
            .Where(each => each == plain || each.StartsWith(plain + "_", StringComparison.Ordinal)).MinBy(each => each.Length)
            ?? throw new InvalidOperationException($"{name} is not on /metrics:\n{exposed}");
    }

    // The name of the class without its type parameter: Histogram, Counter, ObservableGauge.
    private static string Kind(Instrument instrument) =>
        instrument.GetType().Name.Split('`')[0].Replace("Observable", "", StringComparison.Ordinal) switch
        {
            "UpDownCounter" or "Gauge" => "gauge",
            var name => name.ToLowerInvariant(),
        };

    private void See(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_seen)
        {
            foreach (var tag in tags)
            {
                _seen[instrument.Name].Tags.Add(tag.Key);
            }
        }
    }
}
