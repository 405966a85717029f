using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Decoding;
using Spectre.Console;
using static BestOfN.Benchmarks.Samples;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Generation;

/// <summary>Steps of N forks of one long prompt against a step of one, and against
/// reading the weights; all N take turns, medians.</summary>
internal sealed class GenerationBenchmark
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly GenerationBenchmarkOptions _options;
    private readonly Device _device;

    private GenerationBenchmark(GenerationBenchmarkOptions options) => (_options, _device) = (options, device(options.Device));

    public static int Run(GenerationBenchmarkOptions options)
    {
        if (options.Threads is { } threads)
        {
            set_num_threads(threads);
        }

        using var worker = new DeviceWorker(device(options.Device));
        var benchmark = new GenerationBenchmark(options);
        worker.RunAsync(benchmark.Measure).GetAwaiter().GetResult();
        return 0;
    }

    private void Measure()
    {
        var half = _device.type == TorchSharp.DeviceType.CUDA || ComputeTypes.CpuHasBFloat16;
        ScalarType[] types = half ? [ScalarType.Float32, ScalarType.BFloat16] : [ScalarType.Float32];
        var c = RandomModels.Hundred;
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(c.Parameters + ((long)c.VocabularySize * c.HiddenSize)) / 1e6:0.0} M parameters, {c.Layers} layers, hidden {c.HiddenSize}, "
                + $"{c.Heads}/{c.KeyValueHeads} heads, vocabulary {c.VocabularySize}; {_device}, {get_num_threads()} threads"));
        if (!half)
        {
            AnsiConsole.WriteLine("bf16 is left out: this CPU has neither avx512_bf16 nor amx_bf16.");
        }

        var results = types.SelectMany(Measure).ToList();
        Print(results);
        if (_options.Json is { } file)
        {
            File.WriteAllText(file, JsonSerializer.Serialize(results, s_json));
        }
    }

    private List<GenerationResult> Measure(ScalarType type)
    {
        var c = RandomModels.Hundred;
        using var model = RandomModels.LanguageModel(c, type, _device);
        using var prepacked = model.Prepack();
        using var rate = new StreamingRate(_device);
        var answer = 2 + (_options.Rounds * _options.Steps);
        var prompt = Enumerable.Range(0, _options.Prompt).Select(i => 10 + (i * 7919 % (c.VocabularySize - 10))).ToArray();
        using var file = _options.WithLlama ? new LlamaFile(model, type) : null;
        (string Engine, int N, Func<ISequenceBatch> Create)[] kinds =
        [
            .. _options.Candidates.Select(n => ("own", n, (Func<ISequenceBatch>)(() => new SequenceBatch(prepacked ?? model)))),
            .. file is null ? []
                : _options.Candidates.Select(n => ("llama.cpp", n, (Func<ISequenceBatch>)(() => file.Batch(n, _options.Prompt, answer)))),
        ];
        var batches = new List<ISequenceBatch>();
        var prefills = kinds.DistinctBy(k => k.Engine).ToDictionary(k => k.Engine, _ => new List<double>());
        var steps = kinds.Select(_ => new List<double>()).ToArray();
        var rates = new List<double>();
        try
        {
            foreach (var (engine, n, create) in kinds)
            {
                var batch = create();
                batches.Add(batch);
                batch.Add([(prompt, [.. Enumerable.Range(0, n).Select(i => new TokenSequence(new TokenSampling(), i))])], answer);
                var clock = Stopwatch.StartNew();
                while (batch.HasPrompts)
                {
                    batch.Prefill(512);
                }

                prefills[engine].Add(clock.Elapsed.TotalSeconds);
                batch.Decode();                                    // kernels for this many rows are made
            }

            for (var round = 0; round < _options.Rounds; round++)
            {
                // Engines take turns for each N, so that both meet the same load of the machine.
                foreach (var i in Enumerable.Range(0, kinds.Length).OrderBy(i => kinds[i].N))
                {
                    rates.Add(rate.Measure());
                    for (var step = 0; step < _options.Steps; step++)
                    {
                        var clock = Stopwatch.StartNew();
                        batches[i].Decode();
                        steps[i].Add(clock.Elapsed.TotalSeconds);
                    }
                }
            }
        }
        finally
        {
            batches.ForEach(b => b.Dispose());
        }

        var size = type == ScalarType.Float32 ? 4 : 2;
        var weights = (c.LinearFlopsPerToken / 2) + ((long)c.VocabularySize * c.HiddenSize);
        var perToken = 2L * c.Layers * c.KeyValueHeads * c.HeadSize;
        return [.. kinds.Select((kind, i) =>
        {
            var (engine, n, _) = kind;
            var prefill = Median(prefills[engine]);
            var first = Array.FindIndex(kinds, k => k.Engine == engine);
            var one = kinds[first].N == 1 ? Median(steps[first]) : (double?)null;
            return new GenerationResult
            {
                Engine = engine,
                Type = type == ScalarType.Float32 ? "float32" : "bfloat16",
                P = _options.Prompt,
                N = n,
                A = answer,
                PrefillSeconds = prefill,
                StepSeconds = Median(steps[i]),
                StepBytes = (double)size * (weights + (perToken * (_options.Prompt + (n * answer / 2.0)))),
                BytesPerSecond = Median(rates),
                Rounds = _options.Rounds,
                OverOne = Median(steps[i]) / one,
                RequestOverOne = (prefill + (answer * Median(steps[i]))) / (prefill + (answer * one)),
                OverOwn = Array.FindIndex(kinds, k => k.N == n) is var own && own != i
                    ? Enumerable.Range(0, steps[i].Count).Select(step => steps[own][step] / steps[i][step]).ToList() is var ratios
                        ? Median(ratios) : null
                    : null,
            };
        })];
    }

    private static void Print(List<GenerationResult> results)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 240;
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in (string[])["engine", "type", "P", "N", "A", "prefill s", "step ms", "tokens/s", "tokens/s × N=1",
            "step ÷ N=1", "request ÷ N=1", "GB/s", "bound ms", "step ÷ bound", "share of bound", "tokens/s ÷ own", "rounds"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var r in results)
        {
            table.AddRow(((FormattableString[])
            [
                $"{r.Engine}", $"{r.Type}", $"{r.P}", $"{r.N}", $"{r.A}", $"{r.PrefillSeconds:0.000}",
                $"{r.StepSeconds * 1e3:0.00}", $"{r.TokensPerSecond:0.0}",
                $"{r.TokensOverOne:0.00}", $"{r.OverOne:0.00}", $"{r.RequestOverOne:0.00}",
                $"{r.BytesPerSecond / 1e9:0.0}", $"{r.BoundSeconds * 1e3:0.00}",
                $"{r.OverBound:0.00}", $"{r.ShareOfBound:P0}", $"{r.OverOwn:0.00}", $"{r.Rounds}",
            ]).Select(FormattableString.Invariant).ToArray());
        }

        AnsiConsole.Write(table);
    }
}
