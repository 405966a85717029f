using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Scoring;

/// <summary>Runs packed passes through a reward network: the new tokens of any number of sequences in one [T, C] matrix.</summary>
/// <remarks>Device thread only; synchronous; knows token ids and blocks, nothing of queues or text.</remarks>
/// <param name="network">The caller's.</param>
/// <param name="images">What ids above the vocabulary mean; null: there are none.</param>
internal sealed class PackedScorer(RewardNetwork network, ImageStore? images = null)
{
    public DecoderConfiguration Configuration => network.Decoder.Configuration;

    public ImageStore? Images => images;

    public RotaryEmbedding Rotary => network.Decoder.Rotary;

    /// <summary>Rows that went through the network since the start.</summary>
    public long ComputedTokens { get; private set; }

    /// <summary>A block for states of this network.</summary>
    public KeyValueBlock NewBlock(int capacity) => new(Configuration, capacity, network.Decoder.Type, network.Decoder.Device);

    public long BytesFor(int tokens) => KeyValueBlock.BytesFor(Configuration, tokens, network.Decoder.Type);

    /// <summary>Computes all runs. Blocks grow only when the whole pass has succeeded.</summary>
    /// <param name="runs">In any order; a block is the <see cref="PackedRun.Own"/> of one run at most.</param>
    /// <param name="sequenceLength">Where angles depend on it: the length of the only sequence.</param>
    /// <returns>For every run the rewards at its rows; may be non-finite.</returns>
    public float[][] Run(IReadOnlyList<PackedRun> runs, int sequenceLength = 0)
    {
        using var scope = NewDisposeScope();
        foreach (var run in runs)
        {
            run.Own?.Reserve(run.Own.Length + run.Ids.Length);
        }

        var order = Order(runs);
        var total = runs.Sum(r => r.Ids.Length);
        var (ids, positions) = (new long[total], new long[total]);
        var rows = new List<long>();
        var row = 0;
        foreach (var run in order)
        {
            rows.AddRange(run.Rows.Select(r => (long)(row + r)));
            var start = run.Start;
            for (var i = 0; i < run.Ids.Length; i++, row++)
            {
                ids[row] = run.Ids.Span[i];
                positions[row] = start + i;
            }
        }

        var device = network.Decoder.Device;
        var seen = images?.Take(ids);
        var hidden = network.Decoder.Forward(
            tensor(ids, device: device),
            tensor(positions, device: device),
            new PackedAttention(Configuration, order),
            DecoderOutput.Rows(tensor(rows.ToArray(), ScalarType.Int64, device)),
            sequenceLength,
            seen);
        var rewards = hidden is null ? [] : network.Head.Score(hidden).cpu().data<float>().ToArray();
        foreach (var run in runs)
        {
            if (run.Own is { } own)
            {
                own.Length += run.Ids.Length;
            }
        }

        ComputedTokens += ids.Length;
        var results = new Dictionary<PackedRun, float[]>(ReferenceEqualityComparer.Instance);
        var next = 0;
        foreach (var run in order)
        {
            results[run] = rewards[next..(next += run.Rows.Count)];
        }

        return [.. runs.Select(r => results[r])];
    }

    /// <summary>Runs with a common prefix side by side, and within them runs of one length.</summary>
    private static List<PackedRun> Order(IReadOnlyList<PackedRun> runs)
    {
        var prefixes = new Dictionary<KeyValueBlock, int>();
        int Rank(PackedRun run)
        {
            if (run.Prefix is null)
            {
                return -1;
            }

            prefixes.TryAdd(run.Prefix, prefixes.Count);
            return prefixes[run.Prefix];
        }

        return [.. runs.OrderBy(Rank).ThenBy(r => r.PrefixLength).ThenBy(r => r.Ids.Length)];
    }
}
