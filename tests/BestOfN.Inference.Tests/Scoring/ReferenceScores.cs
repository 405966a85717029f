using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>Scores of whole sequences, one at a time, by plain causal attention: what every shared or cached way must equal.</summary>
internal static class ReferenceScores
{
    public static float[] Of(RewardNetwork network, int[] ids, params int[] rows)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        var hidden = network.Decoder.Forward(
            tensor(ids.Select(i => (long)i).ToArray()), Positions.Of(ids.Length), new BatchedAttention(1), sequenceLength: ids.Length)!;
        return network.Head.Score(hidden.index_select(0, tensor(rows.Select(r => (long)r).ToArray()))).data<float>().ToArray();
    }

    public static float AtLast(RewardNetwork network, int[] ids) => Of(network, ids, ids.Length - 1)[0];
}
