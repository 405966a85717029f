using System.Diagnostics;
using System.Globalization;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Data.Cleaning;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Cleaning;

/// <summary>How fast a corpus is cleaned, as a ratio to scoring its answers alone.</summary>
/// <remarks>Both take turns, each with a model that was just loaded, so that nothing is cached and the machine is as busy for one as for
/// the
/// other.</remarks>
internal static class CleaningThroughput
{
    public const string Usage = "cleaning throughput CORPUS-FILE REWARD-MODEL ROUNDS";

    private const int Window = 32;

    public static async Task<int> RunAsync(string input, string model, int rounds)
    {
        var corpus = Corpus.Open([input], new CleaningOptions());
        var index = CorpusIndex.Of(corpus, Shard.Whole, null, CancellationToken.None);
        var prompts = Prompts(corpus, index);
        var folder = Directory.CreateTempSubdirectory("bestofn-cleaning-").FullName;
        var (ratios, processor) = (new List<double>(), new List<double>());
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                var output = Path.Combine(folder, round.ToString(CultureInfo.InvariantCulture));
                Func<Task<Taken>> alone = () => TimeAsync(model, engine => ScoreAsync(engine, prompts));
                Func<Task<Taken>> all = () => TimeAsync(model, engine => CleanAsync(engine, corpus, output));
                Taken scoring, cleaning;
                if (round % 2 == 0)
                {
                    (scoring, cleaning) = (await alone(), await all());
                }
                else
                {
                    cleaning = await all();
                    scoring = await alone();
                }

                ratios.Add(scoring.Seconds / cleaning.Seconds);
                processor.Add(scoring.ProcessorSeconds / cleaning.ProcessorSeconds);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{index.Count} records: scoring alone {scoring.Seconds:F1} s, cleaning {cleaning.Seconds:F1} s, "
                    + $"ratio {ratios[^1]:F2}; "
                    + $"of processor time {scoring.ProcessorSeconds:F1} s, {cleaning.ProcessorSeconds:F1} s, ratio {processor[^1]:F2}"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"median ratio {Median(ratios):F2}, of processor time {Median(processor):F2}"));
        return 0;

        static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
    }

    private static List<(Prompt Prompt, Answer Answer)> Prompts(Corpus corpus, CorpusIndex index)
    {
        var prompts = new List<(Prompt Prompt, Answer Answer)>();
        foreach (var (record, (part, piece)) in corpus.Read().Index())
        {
            if (index.ReasonsOf(record).IsEmpty)
            {
                var content = CorpusRecord.Read(piece, corpus.Options)!;
                var messages = JudgedConversation.Of(content, part.Images);
                prompts.AddRange(content.Judged.Select(
                    turn => (new Prompt([.. messages.Take(turn)]), new Answer(0, content.Turns[turn].Text))));
            }
        }

        return prompts;
    }

    private static async Task<Taken> TimeAsync(string model, Func<ScoringEngine, Task> work)
    {
        using var worker = new DeviceWorker(CPU);
        using var engine = ScoringEngine.Load("judge", model, ComputeTypes.Of("auto", CPU), worker, new ScoringOptions());
        var (clock, before) = (Stopwatch.StartNew(), ProcessorSeconds());
        await work(engine);
        return new(clock.Elapsed.TotalSeconds, ProcessorSeconds() - before);
    }

    // Less noisy than the clock where other work goes on beside it.
    private static double ProcessorSeconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private static async Task ScoreAsync(ScoringEngine engine, List<(Prompt Prompt, Answer Answer)> prompts)
    {
        var running = new Queue<Task>();
        foreach (var (prompt, answer) in prompts)
        {
            running.Enqueue(OneAsync(prompt, answer));
            if (running.Count >= Window)
            {
                await running.Dequeue();
            }
        }

        await Task.WhenAll(running);

        async Task OneAsync(Prompt prompt, Answer answer)
        {
            await using var session = engine.Begin(prompt);
            await session.ScoreAsync([answer], CancellationToken.None);
        }
    }

    private static async Task CleanAsync(ScoringEngine engine, Corpus corpus, string output)
    {
        var index = CorpusIndex.Of(corpus, Shard.Whole, null, CancellationToken.None);
        index.Save(Path.Combine(output, "index.bin"), corpus, Shard.Whole);
        var scores = Path.Combine(output, "scores.jsonl");
        await new CorpusScoring(engine, "judge", Window).RunAsync(corpus, index, scores, Shard.Whole, null, null, CancellationToken.None);
        CorpusCleaning.Decide(corpus, index, [scores], output, new CleaningRun(Usage), null, CancellationToken.None);
    }

    private readonly record struct Taken(double Seconds, double ProcessorSeconds);
}
