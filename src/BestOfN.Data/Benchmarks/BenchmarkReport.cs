using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>A result with all that is needed to read it right.</summary>
public sealed record BenchmarkReport
{
    private const int Version = 1;
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required IBenchmark Benchmark { get; init; }

    public required BenchmarkResult Result { get; init; }

    /// <summary>The rows of scores.</summary>
    public required IReadOnlyList<BenchmarkRow> Rows { get; init; }

    public required BenchmarkSample? Sample { get; init; }

    /// <summary>Digests of the data files or of the score file.</summary>
    public required IReadOnlyDictionary<string, string> Data { get; init; }

    /// <summary>Model and options; null where scores were read from a file.</summary>
    public JsonObject? Judge { get; init; }

    public TimeSpan? Time { get; init; }

    /// <summary>The comparison with other scores; null: none.</summary>
    public PairedTest? Against { get; init; }

    public string Command { get; init; } = "";

    public bool IsComplete => Result.IsComplete(Rows.Count);

    public int Truncated => Rows.Count(row => row.Fields.TryGetProperty("truncated", out var cut) && cut.ValueKind == JsonValueKind.True);

    /// <summary>Title of tables and plots: a part of the data does not look like the whole.</summary>
    public string Title =>
        Benchmark.Name + (Sample is { } sample ? $", a sample of {sample.Limit} of {sample.Of} rows" : $", {Rows.Count} rows")
            + (IsComplete ? "" : ", incomplete");

    /// <summary>The figures under the benchmark's own names, and what is needed to read them.</summary>
    public void WriteFigures(string path)
    {
        var json = Result.Metrics.DeepClone().AsObject();
        foreach (var (name, value) in Common())
        {
            json[name] = value?.DeepClone();
        }

        Write(path, json);
    }

    /// <summary>The whole record of a run.</summary>
    public void WriteResult(string path)
    {
        var json = Common();
        json["formula"] = "official";
        json["version"] = Version;
        json["metrics"] = Result.Metrics.DeepClone();
        json["judge"] = Judge?.DeepClone();
        json["data"] = new JsonArray([.. Data.Select(file => (JsonNode?)new JsonObject { ["path"] = file.Key, ["sha256"] = file.Value })]);
        if (Time is { } time)
        {
            json["time"] = new JsonObject
            {
                ["seconds"] = time.TotalSeconds,
                ["rows_per_second"] = Rows.Count / Math.Max(1e-9, time.TotalSeconds),
                ["tokens"] = Tokens(),
            };
        }

        json["tool"] = new JsonObject
        {
            ["version"] = typeof(BenchmarkReport).Assembly.GetName().Version?.ToString(),
            ["command"] = Command,
        };
        Write(path, json);
    }

    private JsonObject Common()
    {
        var intervals = new JsonObject();
        foreach (var figure in Result.Figures.Where(figure => figure.Interval is not null))
        {
            intervals[figure.Name] = new JsonObject
            {
                ["value"] = figure.Value,
                ["interval95"] = figure.Interval!.Value.ToJson(),
                ["n"] = figure.Rows,
            };
        }

        return new()
        {
            ["benchmark"] = Benchmark.Name,
            ["rows"] = Rows.Count,
            ["sample"] = Sample is { } sample
                ? new JsonObject { ["limit"] = sample.Limit, ["seed"] = sample.Seed, ["of"] = sample.Of } : null,
            ["counts"] = new JsonObject
            {
                ["scored"] = Rows.Count - Result.Unscored,
                ["unscored"] = Result.Unscored,
                ["truncated"] = Truncated,
                ["ties"] = Result.Ties,
            },
            ["complete"] = IsComplete,
            ["uncertainty"] = intervals,
            ["bootstrap"] = new JsonObject { ["resamples"] = Bootstrap.Resamples, ["seed"] = 1 },
            ["against"] = Against?.ToJson(),
        };
    }

    private long Tokens() =>
        Rows.Sum(row => row.Fields.TryGetProperty("tokens", out var tokens) ? tokens.EnumerateArray().Sum(t => t.GetInt64()) : 0);

    private static void Write(string path, JsonObject json) =>
        AtomicFile.Write(path, [.. JsonSerializer.SerializeToUtf8Bytes(json, s_json), (byte)'\n']);
}
