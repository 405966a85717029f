using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using BestOfN.Core.Generation;

namespace BestOfN.Testing.Fakes;

internal sealed class FakeGeneration : IGeneration
{
    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>();
    private readonly CancellationTokenSource[] _cancellations;
    private readonly CancellationToken _cancellationToken;
    private readonly Action _waiting;
    private readonly Action _ended;

    public FakeGeneration(IReadOnlyList<FakeCandidate> candidates, Action waiting, Action ended, CancellationToken cancellationToken)
    {
        _waiting = waiting;
        _ended = ended;
        _cancellationToken = cancellationToken;
        _cancellations = [.. candidates.Select(_ => CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))];
        _ = MakeAllAsync(candidates);
    }

    public int? PromptTokens { get; init; }

    public IAsyncEnumerable<GenerationEvent> Events => ReadAsync(_cancellationToken);

    public void Cancel(int index) => _cancellations[index].Cancel();

    public async ValueTask DisposeAsync()
    {
        foreach (var cancellation in _cancellations)
        {
            await cancellation.CancelAsync();
        }

        _ended();
    }

    private async Task MakeAllAsync(IReadOnlyList<FakeCandidate> candidates)
    {
        await Task.WhenAll(candidates.Select(MakeAsync).ToArray());
        _events.Writer.Complete();
    }

    private async Task MakeAsync(FakeCandidate candidate, int index)
    {
        foreach (var piece in candidate.Pieces)
        {
            await _events.Writer.WriteAsync(new CandidateDelta(index, piece), CancellationToken.None);
        }

        try
        {
            await candidate.Gate.WaitAsync(_cancellations[index].Token);
            if (candidate.Hangs)
            {
                await Task.Delay(Timeout.Infinite, _cancellations[index].Token);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await _events.Writer.WriteAsync(
            candidate.Failure is { } failure ? new CandidateFailed(index, failure) : new CandidateFinished(Finish(candidate, index)),
                CancellationToken.None);
    }

    private static Candidate Finish(FakeCandidate candidate, int index) => new()
    {
        Index = index,
        Text = candidate.Text,
        FinishReason = candidate.FinishReason,
        Usage = new TokenUsage(7, candidate.CompletionTokens ?? candidate.Pieces.Count),
        Message = candidate.Message is { } message
            ? System.Text.Encoding.UTF8.GetBytes(message)
            : JsonSerializer.SerializeToUtf8Bytes(new { role = "assistant", content = candidate.Text, refusal = (string?)null }),
        Logprobs = candidate.Logprobs is { } logprobs ? System.Text.Encoding.UTF8.GetBytes(logprobs) : default(ReadOnlyMemory<byte>),
        Latency = TimeSpan.FromMilliseconds(index),
    };

    private async IAsyncEnumerable<GenerationEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            while (_events.Reader.TryRead(out var next))
            {
                yield return next;
            }

            _waiting();
            if (!await _events.Reader.WaitToReadAsync(cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield break;
            }
        }
    }
}
