using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.LLama.Generation;

namespace BestOfN.LLama.Tests.Generation;

/// <summary>Generators over the converted pocket generator, and what they say.</summary>
internal static class GeneratorFixture
{
    public static GgufGeneratorOptions Options { get; } = new() { MaxSequences = 16, ContextTokens = 4096, IsExact = true };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static GgufGenerator Load(GgufGeneratorOptions? options = null, string type = "f32")
    {
        TestModels.SkipWithoutLlama();
        return GgufGenerator.Load(TestModels.Pocket(type), options ?? Options);
    }

    public static GenerationRequest Request(string question, int candidates, SamplingParameters sampling) => new()
    {
        Prompt = new Prompt([new ChatMessage("user", question)]),
        Candidates = candidates,
        Model = "gguf",
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

    public static async Task<Candidate[]> Finished(IGenerator generator, GenerationRequest request) =>
        [.. (await All(generator.Start(request, Token))).OfType<CandidateFinished>().Select(f => f.Candidate).OrderBy(c => c.Index)];

    public static Task<GenerationFailedException> Refusal(IGenerator generator, GenerationRequest request) =>
        Assert.ThrowsAsync<GenerationFailedException>(() => All(generator.Start(request, Token)));
}
