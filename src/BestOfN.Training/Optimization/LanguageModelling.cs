using BestOfN.Models.Networks;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Optimization;

/// <summary>Next-token cross-entropy over answers, in nats per token; prompts are read, not learned.</summary>
internal static class LanguageModelling
{
    /// <param name="decoder">The body.</param>
    /// <param name="head">[V, C].</param>
    /// <param name="examples">Prompt and answer as token ids, the answer with its end token.</param>
    /// <returns>A scalar with gradients.</returns>
    public static Tensor Loss(Decoder decoder, Tensor head, IReadOnlyList<(IReadOnlyList<int> Prompt, IReadOnlyList<int> Answer)> examples)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of([.. examples.Select(e => (e.Prompt, (IReadOnlyList<IReadOnlyList<int>>)[e.Answer]))]);
        var (rows, targets) = (new List<long>(), new List<long>());
        for (var b = 0; b < examples.Count; b++)
        {
            for (var t = 0; t < examples[b].Answer.Count; t++)
            {
                rows.Add(batch.Starts[b] + t - 1);      // the row before a token predicts it
                targets.Add(examples[b].Answer[t]);
            }
        }

        var hidden = decoder.Forward(batch.Ids, batch.Positions, new MaskedAttention(batch))!.index_select(0, tensor(rows.ToArray()));
        return F.cross_entropy(F.linear(hidden, head), tensor(targets.ToArray())).MoveToOuterDisposeScope();
    }
}
