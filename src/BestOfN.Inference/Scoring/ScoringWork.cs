using BestOfN.Inputs.Scoring;
namespace BestOfN.Inference.Scoring;

/// <summary>What waits in the queue: the sequences of one call, or a prompt alone.</summary>
internal sealed class ScoringWork(ScoringContext context, IReadOnlyList<ScoringSequence> sequences)
{
    private readonly List<float>[] _rewards = [.. sequences.Select(_ => new List<float>())];

    public ScoringContext Context => context;

    public IReadOnlyList<ScoringSequence> Sequences => sequences;

    /// <summary>The prompt alone: nobody waits for it.</summary>
    public bool IsPrefill => sequences.Count == 0;

    public TaskCompletionSource<float[][]> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first sequence not yet handed to a pass as a whole. Device thread only, as all below.</summary>
    public int Next { get; set; }

    /// <summary>The state of that sequence, once begun.</summary>
    public SequenceState? State { get; set; }

    /// <summary>Nobody observes a prompt alone: its failure is found again, and told, by the first call.</summary>
    public void Fail(Exception exception)
    {
        if (!IsPrefill)
        {
            Completion.TrySetException(exception);
        }
    }

    public void Add(int sequence, IEnumerable<float> rewards) => _rewards[sequence].AddRange(rewards);

    public float[][] Rewards() => [.. _rewards.Select(r => r.ToArray())];
}
