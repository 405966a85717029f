using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using Microsoft.Extensions.Time.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

/// <summary>Engines over a tiny random model. A message's text is the length and seed of a prompt of ids: "23/1".</summary>
internal sealed class GenerationFixture : IDisposable
{
    private readonly List<GenerationEngine> _engines = [];

    public DeviceWorker Worker { get; } = new(CPU);

    public FakeTimeProvider Time { get; } = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _engines.ForEach(e => e.Dispose());
        Worker.Dispose();
    }

    public static SamplingParameters Greedy(int? tokens) => new() { Temperature = 0, MaxTokens = tokens };

    public static GenerationRequest Request(string prompt, int candidates, SamplingParameters sampling) => new()
    {
        Prompt = new Prompt([new ChatMessage("user", prompt)]),
        Candidates = candidates,
        Model = "tiny",
        Sampling = sampling,
    };

    public static async Task<List<GenerationEvent>> All(IGeneration generation)
    {
        await using var running = generation;
        var events = new List<GenerationEvent>();
        await foreach (var e in generation.Events.WithCancellation(Token))
        {
            events.Add(e);
        }

        return events;
    }

    public static async Task<Candidate> Only(IGeneration generation) => Finished(await All(generation), 1)[0];

    public static Candidate[] Finished(List<GenerationEvent> events, int count)
    {
        var finished = events.OfType<CandidateFinished>().Select(f => f.Candidate).OrderBy(c => c.Index).ToArray();
        Assert.Equal(Enumerable.Range(0, count), finished.Select(c => c.Index));
        return finished;
    }

    public static string Text(IReadOnlyList<int> ids) => LetterTokenizer.Pairs.Decode(ids);

    public static int[] Naive(int length, int seed, int tokens) =>
        OnDevice(model => RandomModels.NaiveGreedy(model, RandomModels.Prompt(length, seed), tokens));

    public static T OnDevice<T>(Func<LanguageModel, T> work)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create();
        return work(model);
    }

    public GenerationEngine Engine(GenerationOptions? options = null, int[]? ends = null, int maxPositions = 512) =>
        Engine(out _, options, ends, maxPositions);

    public GenerationEngine Engine(out LanguageModel model, GenerationOptions? options = null, int[]? ends = null, int maxPositions = 512)
    {
        LanguageModel? created = null;
        Worker.RunToEnd(() => created = RandomModels.Create(maxPositions: maxPositions));
        model = created!;
        var engine = new GenerationEngine(model, LetterTokenizer.Pairs, Template, ends ?? [], Worker, options ?? new(), Time);
        _engines.Add(engine);
        return engine;
    }

    private static int[] Template(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var numbers = messages[0].Text.Split('/').Select(int.Parse).ToArray();
        return RandomModels.Prompt(numbers[0], numbers[1]);
    }

    /// <summary>Live tensors, once the device is idle and what earlier tests left to the finalizer is gone.</summary>
    public Task<long> Tensors() => Worker.RunAsync(
        () =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Tensor.TotalCount;
        },
        Token);
}
