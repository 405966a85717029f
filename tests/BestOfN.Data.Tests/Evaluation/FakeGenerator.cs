using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using BestOfN.Core.Generation;

namespace BestOfN.Data.Tests.Evaluation;

/// <summary>Answers with what a function says, last candidate first.</summary>
internal sealed class FakeGenerator(Func<GenerationRequest, int, string?> answer) : IGenerator
{
    public ConcurrentQueue<GenerationRequest> Requests { get; } = [];

    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return new Generation(Happen(request, cancellationToken));
    }

    private async IAsyncEnumerable<GenerationEvent> Happen(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var i = request.Candidates - 1; i >= 0; i--)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return answer(request, i) is { } text
                ? new CandidateFinished(new() { Index = i, Text = text, FinishReason = "stop", Usage = new(1, 1), Message = default })
                : new CandidateFailed(i, new GenerationFailedException("lost"));
        }
    }

    private sealed class Generation(IAsyncEnumerable<GenerationEvent> events) : IGeneration
    {
        public IAsyncEnumerable<GenerationEvent> Events => events;

        public void Cancel(int index) { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
