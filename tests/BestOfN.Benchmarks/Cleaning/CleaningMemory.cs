using System.Diagnostics;
using System.Globalization;
using BestOfN.Data.Cleaning;

namespace BestOfN.Benchmarks.Cleaning;

/// <summary>How much memory a large corpus takes: all passes with a stub in place of the reward model.</summary>
internal static class CleaningMemory
{
    public const string Usage = "cleaning memory RECORDS";

    private const int Sources = 40;
    private const int Words = 40;

    public static async Task<int> RunAsync(int records)
    {
        var folder = Directory.CreateTempSubdirectory("bestofn-cleaning-").FullName;
        try
        {
            var data = Path.Combine(folder, "data.jsonl");
            WriteCorpus(data, records);
            var output = Path.Combine(folder, "out");
            var corpus = Corpus.Open([data], new CleaningOptions());
            var clock = Stopwatch.StartNew();
            var index = CorpusIndex.Of(corpus, Shard.Whole, null, CancellationToken.None);
            index.Save(Path.Combine(output, "index.bin"), corpus, Shard.Whole);
            Report("checked", records, clock);
            var scores = Path.Combine(output, "scores.jsonl");
            await new CorpusScoring(new StubJudge(), "stub").RunAsync(corpus, index, scores, Shard.Whole, null, null,
                CancellationToken.None);
            Report("scored", records, clock);
            var summary = CorpusCleaning.Decide(corpus, index, [scores], output, new CleaningRun(Usage), null, CancellationToken.None);
            Report($"written, {summary.Kept} kept", records, clock);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteCorpus(string path, int records)
    {
        using var file = new StreamWriter(path);
        var random = new Random(1);
        for (var i = 0; i < records; i++)
        {
            var answer = string.Join(' ', Enumerable.Range(0, 1 + random.Next(Words)).Select(_ => $"word{random.Next(5000)}"));
            file.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{{\"id\": \"r{i}\", \"source\": \"source{random.Next(Sources)}\", \"conversations\": [{{\"from\": \"human\", "
                + $"\"value\": \"Question {i}: what is it?\"}}, {{\"from\": \"gpt\", \"value\": \"{answer}.\"}}]}}\n"));
        }
    }

    private static void Report(string what, int records, Stopwatch clock)
    {
        using var process = Process.GetCurrentProcess();
        process.Refresh();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{records} records {what}: at most {process.PeakWorkingSet64 >> 20} MiB resident so far, {clock.Elapsed.TotalSeconds:F0} s"));
    }
}
