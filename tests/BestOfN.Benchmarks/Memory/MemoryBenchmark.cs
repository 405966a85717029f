using System.Diagnostics;
using System.Globalization;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Memory;

/// <summary>Resident memory over many requests of mixed shapes: prompts and answers of all
/// lengths, 1 to 8 candidates, 1 to 20 requests at once.</summary>
internal static class MemoryBenchmark
{
    public const string Usage = "memory REQUESTS FOLDER-OF-GENERATOR FOLDER-OF-REWARD-MODEL";

    private const int MostAtOnce = 20;

    public static async Task<int> RunAsync(int requests, string generatorFolder, string rewardFolder)
    {
        using var worker = new DeviceWorker(CPU);
        var type = ComputeTypes.Of("auto", CPU);
        using var generator = GenerationEngine.Load(generatorFolder, type, worker, new GenerationOptions());
        using var judge = ScoringEngine.Load("judge", rewardFolder, type, worker, new ScoringOptions { PromptCacheBytes = 16 << 20 });
        var random = new Random(1);
        var reported = 0;
        Report(0);
        for (var done = 0; done < requests;)
        {
            var wave = Enumerable.Range(0, random.Next(1, MostAtOnce + 1)).Select(_ => Request(random)).ToArray();
            await Task.WhenAll(wave.Select(request => AnswerAsync(generator, judge, request)));
            done += wave.Length;
            if (done * 20L / requests > reported)
            {
                reported = (int)(done * 20L / requests);
                Report(done);
            }
        }

        return 0;
    }

    private static GenerationRequest Request(Random random) => new()
    {
        Prompt = new Prompt(
            [new ChatMessage("user", string.Join(' ', Enumerable.Range(0, random.Next(1, 80)).Select(_ => random.Next(1, 30))))]),
        Candidates = random.Next(1, 9),
        Model = "generator",
        Sampling = new SamplingParameters { MaxTokens = random.Next(1, 30), Seed = random.Next() },
    };

    private static async Task AnswerAsync(GenerationEngine generator, ScoringEngine judge, GenerationRequest request)
    {
        var answers = new List<Answer>();
        await using var generation = generator.Start(request, CancellationToken.None);
        await foreach (var made in generation.Events)
        {
            if (made is CandidateFinished finished)
            {
                answers.Add(new Answer(finished.Candidate.Index, finished.Candidate.Text));
            }
        }

        await using var session = judge.Begin(request.Prompt);
        await session.ScoreAsync(answers, CancellationToken.None);
    }

    private static void Report(int requests)
    {
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{requests} requests: {process.WorkingSet64 >> 20} MB resident, "
                + $"{process.TotalProcessorTime.TotalSeconds:F0} s of processor time"));
    }
}
