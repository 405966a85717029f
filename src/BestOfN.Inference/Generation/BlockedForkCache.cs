using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>The cache of a prepacked decoder, on a CPU: steps go through <see cref="ForkedAttention"/>, in whose blocks keys lie.</summary>
internal sealed class BlockedForkCache(Decoder decoder, int prompts, int longest, int longestAnswer)
    : ForkCache(decoder, prompts, longest, longestAnswer)
{
    private IReadOnlyList<ForkedAttention.Fork> _forks = [];
    private int _rows;

    private int ValueSize => Lanes.Up(Decoder.Configuration.HeadSize);

    public override void EndPrefill()
    {
        for (var i = 0; i < PromptKeys.Length; i++)
        {
            using var scope = NewDisposeScope();
            var (keys, values) = (PromptKeys[i], PromptValues[i]);
            var (G, K, P, D) = (keys.size(0), keys.size(1), (int)keys.size(2), keys.size(3));
            var padded = zeros(G, K, Lanes.Up(P), D, keys.dtype, keys.device);
            padded.narrow(2, 0, P).copy_(keys);
            Replace(ref PromptKeys[i], padded.view(G, K, KeyRooms(P), Lanes.Count, D).transpose(3, 4).contiguous());
            if (ValueSize > D)
            {
                var wide = zeros(G, K, P, ValueSize, values.dtype, values.device);
                wide.narrow(3, 0, D).copy_(values);
                Replace(ref PromptValues[i], wide);
            }
        }
    }

    public override void LayOut(IReadOnlyList<int> lengths, IReadOnlyList<int> rows)
    {
        _rows = rows.Count;
        var first = 0;
        _forks = [.. rows.CountBy(prompt => prompt).Select(fork =>
        {
            first += fork.Value;
            return new ForkedAttention.Fork(fork.Key, lengths[fork.Key], first - fork.Value, fork.Value);
        })];
    }

    public override Tensor Attend(int layer, Tensor q, Tensor k, Tensor v) => ForkedAttention.Attend(
        _forks, q, k, v, (PromptKeys[layer], PromptValues[layer]), (OwnKeys[layer], OwnValues[layer]), OwnLength);

    protected override int KeyRooms(int tokens) => Lanes.Up(tokens) / Lanes.Count;

    protected override long[] KeyShape(int tokens) =>
        [_rows, Decoder.Configuration.KeyValueHeads, KeyRooms(tokens), Decoder.Configuration.HeadSize, Lanes.Count];

    protected override long[] ValueShape(int tokens) => [_rows, Decoder.Configuration.KeyValueHeads, tokens, ValueSize];
}
