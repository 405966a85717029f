using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BestOfN.Inference.Runtime;
using Spectre.Console;
using static BestOfN.Benchmarks.Samples;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Scoring;

/// <summary>Shared-prefix scoring against a padded batch, one by one, and the FLOP bound; interleaved, medians.</summary>
internal sealed class ScoringBenchmark
{
    private const int MostRounds = 5;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly ScoringBenchmarkOptions _options;
    private readonly Device _device;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<ScoringCase, float[]> _float32Scores = [];

    private ScoringBenchmark(ScoringBenchmarkOptions options)
    {
        _options = options;
        _device = device(options.Device);
    }

    public static int Run(ScoringBenchmarkOptions options)
    {
        if (options.Threads is { } threads)
        {
            set_num_threads(threads);
        }

        using var worker = new DeviceWorker(device(options.Device));
        var benchmark = new ScoringBenchmark(options);
        worker.RunAsync(benchmark.Measure).GetAwaiter().GetResult();
        return 0;
    }

    private void Measure()
    {
        var half = _device.type == TorchSharp.DeviceType.CUDA || ComputeTypes.CpuHasBFloat16;
        ScalarType[] types = half ? [ScalarType.Float32, ScalarType.BFloat16] : [ScalarType.Float32];
        var c = RandomModels.Hundred;
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{c.Parameters / 1e6:0.0} M parameters, {c.Layers} layers, hidden {c.HiddenSize}, "
                + $"{c.Heads}/{c.KeyValueHeads} heads; {_device}, {get_num_threads()} threads"));
        if (!half)
        {
            AnsiConsole.WriteLine("bf16 is left out: this CPU has neither avx512_bf16 nor amx_bf16.");
        }

        var cases = _options.Cases.SelectMany(
            k => new[] { new ScoringCase(k.P, k.A, k.N, false), new ScoringCase(k.P, k.A, k.N, true) }).ToArray();
        var results = new List<ScoringResult>();
        void MeasureAll(ProgressContext? progress)
        {
            foreach (var type in types)
            {
                using var network = RandomModels.RewardNetwork(c, type, _device);
                var methods = new ScoringMethods(network);
                methods.Shared(new ScoringCase(64, 16, 4, false));   // libraries load, threads start
                foreach (var scoringCase in cases)
                {
                    var left = (cases.Length * types.Length) - results.Count;
                    results.Add(Measure(scoringCase, type, methods, progress, left));
                }
            }
        }

        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 240;
            MeasureAll(null);
        }
        else
        {
            AnsiConsole.Progress().Columns(new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(), new ElapsedTimeColumn()).Start(MeasureAll);
        }

        Print(results);
        if (_options.Json is { } file)
        {
            File.WriteAllText(file, JsonSerializer.Serialize(results, s_json));
        }
    }

    private ScoringResult Measure(ScoringCase c, ScalarType type, ScoringMethods methods, ProgressContext? progress, int casesLeft)
    {
        const int StepsPerRound = 5;
        var name = type == ScalarType.Float32 ? "float32" : "bfloat16";
        var task = progress?.AddTask($"{name} P={c.P} A={c.A} N={c.N} {c.Lengths}", maxValue: StepsPerRound * MostRounds);
        using var rate = new MatmulRate(RandomModels.Hundred, c.SharedTokens, type, _device);
        var (rates, padded, oneByOne, shared) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var (paddedScores, oneByOneScores, sharedScores) = (Array.Empty<float>(), Array.Empty<float>(), Array.Empty<float>());
        var (paddedPeak, oneByOnePeak, sharedPeak) = (0L, 0L, 0L);

        // The short measurement is made three times a round: before, between and after the long ones.
        void Short()
        {
            rates.Add(rate.Measure());
            Time(shared, ref sharedPeak, () => sharedScores = methods.Shared(c));
            rates.Add(rate.Measure());
            task?.Increment(1);
        }

        rate.Measure();
        var rounds = 1;
        var started = _clock.Elapsed;
        for (var round = 0; round < rounds; round++)
        {
            Short();
            Time(oneByOne, ref oneByOnePeak, () => oneByOneScores = methods.OneByOne(c));
            task?.Increment(1);
            Short();
            Time(padded, ref paddedPeak, () => paddedScores = methods.Padded(c));
            task?.Increment(1);
            Short();
            if (round == 0)
            {
                // The costliest case comes last and is worth about four of the others: keep time for it.
                var share = (TimeSpan.FromMinutes(_options.Minutes) - started) / (casesLeft + (casesLeft > 2 ? 6 : 0));
                rounds = Math.Clamp((int)(share / (_clock.Elapsed - started)), 1, MostRounds);
                task?.MaxValue = StepsPerRound * rounds;
            }
        }

        task?.StopTask();
        if (type == ScalarType.Float32)
        {
            _float32Scores[c] = sharedScores;
        }

        var gigaflops = Median(rates) / 1e9;
        return new ScoringResult
        {
            Type = name,
            P = c.P,
            A = c.A,
            N = c.N,
            Lengths = c.Lengths,
            Rounds = rounds,
            PaddedSeconds = Median(padded),
            OneByOneSeconds = Median(oneByOne),
            SharedSeconds = Median(shared),
            BoundSeconds = c.SharedFlops(RandomModels.Hundred) / (gigaflops * 1e9),
            MatmulGigaflopsPerSecond = gigaflops,
            PaddedShareOfPaddedBatch = c.PaddedShare,
            PaddedShareOfShared = 1 - (c.SharedTokens / (double)methods.TokensOfLastShared),
            PaddedPeakBytes = paddedPeak,
            OneByOnePeakBytes = oneByOnePeak,
            SharedPeakBytes = sharedPeak,
            MaxScoreDifference = Math.Max(Difference(sharedScores, paddedScores),
                Math.Max(Difference(sharedScores, oneByOneScores), Difference(oneByOneScores, paddedScores))),
            MaxDifferenceFromFloat32 = _float32Scores.TryGetValue(c, out var exact) ? Difference(sharedScores, exact) : 0,
            ScoreSpread = Spread(sharedScores),
        };
    }

    private static void Time(List<double> seconds, ref long peak, Action work)
    {
        peak = Math.Max(peak, PeakMemory.Of(() =>
        {
            var clock = Stopwatch.StartNew();
            work();
            seconds.Add(clock.Elapsed.TotalSeconds);
        }));
    }

    private static void Print(List<ScoringResult> results)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in (string[])["type", "P", "A", "N", "lengths", "padded s", "one by one s", "shared s", "× padded",
            "× one by one", "÷ bound", "GF/s", "padding (padded)", "padding (shared)",
                "peak MB (p/o/s)", "max diff", "vs float32", "spread", "rounds"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var r in results)
        {
            table.AddRow(((FormattableString[])
            [
                $"{r.Type}", $"{r.P}", $"{r.A}", $"{r.N}", $"{r.Lengths}", $"{r.PaddedSeconds:0.000}",
                $"{r.OneByOneSeconds:0.000}", $"{r.SharedSeconds:0.000}",
                $"{r.OverPadded:0.00}", $"{r.OverOneByOne:0.00}", $"{r.OverBound:0.000}", $"{r.MatmulGigaflopsPerSecond:0.0}",
                $"{r.PaddedShareOfPaddedBatch:P1}", $"{r.PaddedShareOfShared:P1}",
                $"{r.PaddedPeakBytes / 1e6:0}/{r.OneByOnePeakBytes / 1e6:0}/{r.SharedPeakBytes / 1e6:0}",
                $"{r.MaxScoreDifference:0.0e0}", $"{r.MaxDifferenceFromFloat32:0.0e0}", $"{r.ScoreSpread:0.00}", $"{r.Rounds}",
            ]).Select(FormattableString.Invariant).ToArray());
        }

        AnsiConsole.Write(table);
    }
}
