using System.Collections.Concurrent;
using BestOfN.Core.Generation;

namespace BestOfN.Testing.Fakes;

/// <summary>Makes the candidates it was told to make, in the order of their indices unless gates say otherwise. Starts again with the first
/// where more are ordered.</summary>
public sealed class FakeGenerator(params FakeCandidate[] candidates) : IGenerator
{
    private readonly TaskCompletionSource _hung = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<GenerationRequest> _requests = [];

    public static FakeGenerator Answering(params string[] texts) => new([.. texts.Select(FakeCandidate.FromText)]);

    public bool AcceptsPictures { get; init; }

    /// <summary>What it says of the prompt before a candidate has finished.</summary>
    public int? PromptTokens { get; init; }

    /// <summary>What was ordered, in order.</summary>
    public IReadOnlyList<GenerationRequest> Requests => [.. _requests];

    /// <summary>Completes when everything there is has been read and a reader waits for more.</summary>
    public Task Hung => _hung.Task;

    /// <summary>Completes when a generation has been disposed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Also makes one candidate that never ends.</summary>
    public FakeGenerator ThenHanging(string text = "") => new([.. candidates, new FakeCandidate(text) { Hangs = true }]);

    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken)
    {
        _requests.Enqueue(request);
        return new FakeGeneration(
            [.. Enumerable.Range(0, request.Candidates).Select(i => candidates[i % candidates.Length])],
            () => _hung.TrySetResult(),
            () => _ended.TrySetResult(),
            cancellationToken) { PromptTokens = PromptTokens };
    }
}
