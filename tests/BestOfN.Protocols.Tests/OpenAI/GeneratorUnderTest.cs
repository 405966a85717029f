using System.Text;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Protocols.OpenAI;
using BestOfN.Protocols.Tests.Upstreams;
using BestOfN.Protocols.Upstreams;
using BestOfN.Testing.Upstream;
using Microsoft.Extensions.Logging.Abstractions;

namespace BestOfN.Protocols.Tests.OpenAI;

/// <summary>A generator before one or more fake upstreams.</summary>
internal sealed class GeneratorUnderTest : IDisposable
{
    private readonly UpstreamClient _client;
    private readonly OpenAIGenerator _generator;

    public GeneratorUnderTest(
        OpenAIUpstream upstream, ChoiceCalls calls = ChoiceCalls.Auto, UpstreamOptions? options = null, TimeProvider? time = null)
        : this([upstream.Address], calls, options, time)
    {
    }

    public GeneratorUnderTest(
        IReadOnlyList<Uri> addresses, ChoiceCalls calls = ChoiceCalls.Auto, UpstreamOptions? options = null, TimeProvider? time = null)
    {
        Destinations = new(addresses);
        _client = new(Destinations, options ?? Impatient, time ?? TimeProvider.System);
        _generator = new(_client, calls, time ?? TimeProvider.System, NullLogger<OpenAIGenerator>.Instance);
    }

    /// <summary>The defaults without the pauses.</summary>
    public static UpstreamOptions Impatient { get; } = new() { RetryDelay = TimeSpan.Zero };

    public LoopbackDestinations Destinations { get; }

    public static GenerationRequest Request(int candidates, string? body = null, long? seed = null, int? tokenBudget = null) => new()
    {
        Prompt = new Prompt([new ChatMessage("user", "Hi")]),
        Candidates = candidates,
        Model = "fake",
        Sampling = new() { Seed = seed },
        Body = body is null ? default : Encoding.UTF8.GetBytes(body),
        TokenBudget = tokenBudget,
    };

    public IGeneration Start(GenerationRequest request, CancellationToken? cancellationToken = null) =>
        _generator.Start(request, cancellationToken ?? TestContext.Current.CancellationToken);

    /// <summary>Everything that happens, to the end.</summary>
    public async Task<Outcome> RunAsync(GenerationRequest request)
    {
        await using var generation = Start(request);
        return new(await generation.Events.ToListAsync(TestContext.Current.CancellationToken));
    }

    public Task<Outcome> RunAsync(int candidates, string? body = null, long? seed = null, int? tokenBudget = null) =>
        RunAsync(Request(candidates, body, seed, tokenBudget));

    public void Dispose()
    {
        _client.Dispose();
        Destinations.Dispose();
    }

    public sealed record Outcome(IReadOnlyList<GenerationEvent> Events)
    {
        public IReadOnlyList<Candidate> Finished { get; } =
            [.. Events.OfType<CandidateFinished>().Select(e => e.Candidate).OrderBy(c => c.Index)];

        public IReadOnlyList<CandidateFailed> Failed { get; } = [.. Events.OfType<CandidateFailed>().OrderBy(e => e.Index)];

        public string DeltasOf(int index) =>
            string.Concat(Events.OfType<CandidateDelta>().Where(d => d.Index == index).Select(d => d.Text));

        public string TextOf(int index) => Finished.Single(c => c.Index == index).Text;
    }
}
