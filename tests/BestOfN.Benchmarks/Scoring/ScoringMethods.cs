using BestOfN.Inference.Networks;
using BestOfN.Inference.Scoring;
using BestOfN.Inference.Tests;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Scoring;

/// <summary>Three ways to the same scores.</summary>
internal sealed class ScoringMethods(RewardNetwork network)
{
    private readonly PackedScorer _packed = new(network);

    /// <summary>Rows of the matrix that the last shared pass computed, padding included if there were any.</summary>
    public long TokensOfLastShared { get; private set; }

    /// <summary>All conversations in one batch, padded to the longest.</summary>
    public float[] Padded(ScoringCase c)
    {
        var length = c.P + c.LongestAnswer;
        var ids = c.Answers.SelectMany(a => c.Prompt.Concat(a).Concat(Enumerable.Repeat(0, c.LongestAnswer - a.Length))).ToArray();
        return Forward(ids, c.N, c.Answers.Select((a, i) => (i * length) + c.P + a.Length - 1));
    }

    /// <summary>One conversation after the other.</summary>
    public float[] OneByOne(ScoringCase c) => [.. c.Answers.Select(a => Forward([.. c.Prompt, .. a], 1, [c.P + a.Length - 1])[0])];

    /// <summary>The prompt and all answers in one packed pass, as the engine does where nothing is known yet.</summary>
    public float[] Shared(ScoringCase c)
    {
        var before = _packed.ComputedTokens;
        using var prompt = _packed.NewBlock(c.P);
        var runs = new List<PackedRun> { new() { Ids = c.Prompt, Own = prompt } };
        runs.AddRange(c.Answers.Select(a => new PackedRun { Ids = a, Prefix = prompt, PrefixLength = c.P, Rows = [a.Length - 1] }));
        var rewards = _packed.Run(runs);
        TokensOfLastShared = _packed.ComputedTokens - before;
        return [.. rewards.Skip(1).Select(r => r[0])];
    }

    private float[] Forward(int[] ids, int batch, IEnumerable<int> rows)
    {
        using var scope = NewDisposeScope();
        var device = network.Decoder.Device;
        var positions = Positions.Of(ids.Length / batch).repeat(batch).to(device);
        var hidden = network.Decoder.Forward(
            tensor(ids.Select(i => (long)i).ToArray(), device: device), positions, new BatchedAttention(batch))!;
        return network.Head.Score(
            hidden.index_select(0, tensor(rows.Select(r => (long)r).ToArray(), device: device))).cpu().data<float>().ToArray();
    }
}
