using BestOfN.Models.Networks;
using BestOfN.Training.Optimization;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Rewards;

/// <summary>Binary cross-entropy of σ(r) at every token of an answer: is it right as far as checking tells by then? In nats per token.</summary>
/// <remarks>
/// A label for every token instead of one comparison for every two answers: a small network that starts from nothing learns to check from
/// this (process supervision, Lightman et al. 2023, https://arxiv.org/abs/2305.20050); ranking alone barely gets it started.
/// </remarks>
internal static class FlawFinding
{
    private const int SideBySide = 16;

    /// <param name="decoder">The body.</param>
    /// <param name="head">The reward head.</param>
    /// <param name="problems">Answers with labels.</param>
    public static Tensor Loss(Decoder decoder, RewardHead head, IReadOnlyList<JudgedAnswers> problems)
    {
        using var scope = NewDisposeScope();
        var tokens = problems.Sum(p => p.Answers.Sum(a => a.Count));
        var losses = problems.OrderBy(p => p.Length).Chunk(SideBySide).Select(some => Sum(decoder, head, some)).ToArray();
        return (stack(losses).sum() / tokens).MoveToOuterDisposeScope();
    }

    private static Tensor Sum(Decoder decoder, RewardHead head, JudgedAnswers[] problems)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of([.. problems.Select(p => (p.Prompt, p.Answers))]);
        var (rows, labels) = (new List<long>(), new List<float>());
        var answer = 0;
        foreach (var problem in problems)
        {
            for (var a = 0; a < problem.Answers.Count; a++, answer++)
            {
                for (var t = 0; t < problem.Answers[a].Count; t++)
                {
                    rows.Add(batch.Starts[answer] + t);
                    labels.Add(t < problem.SoundTokens[a] ? 1 : 0);
                }
            }
        }

        var hidden = decoder.Forward(batch.Ids, batch.Positions, new MaskedAttention(batch))!.index_select(0, tensor(rows.ToArray()));
        return F.binary_cross_entropy_with_logits(head.Score(hidden), tensor(labels.ToArray()), reduction: nn.Reduction.Sum).MoveToOuterDisposeScope();
    }
}
