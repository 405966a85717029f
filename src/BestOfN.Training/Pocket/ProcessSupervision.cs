using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Pocket;

/// <summary>
/// Token-level process supervision: binary cross-entropy of σ(r) at every token of an answer against "right so far". In nats per token.
/// </summary>
/// <remarks>
/// A label for every token instead of one comparison for every two answers: a small network that starts from nothing learns to check from
/// this (Lightman et al. 2023, https://arxiv.org/abs/2305.20050); ranking alone barely gets it started.
/// </remarks>
internal static class ProcessSupervision
{
    /// <summary>
    /// Parts of that loss plus the next-token cross-entropy of all tokens that are right so far, which teaches what may come next.
    /// </summary>
    /// <param name="model">The model that is trained.</param>
    /// <param name="companions">Answers with labels, the first of each right, to problems that share an image.</param>
    public static IReadOnlyList<Func<Tensor>> Parts(PocketRewardModel model, IReadOnlyList<JudgedAnswers[]> companions)
    {
        var tokens = companions.Sum(c => c.Sum(p => p.Answers.Sum(a => a.Count)));
        return BatchParts.Losses(
            companions,
            c => TokenBatch.RowLength(c.Select(p => (p.Prompt, p.Answers.Sum(a => a.Count)))),
            part => Share(model, [.. part.SelectMany(problems => problems)], tokens));
    }

    private static Tensor Share(PocketRewardModel model, JudgedAnswers[] problems, int tokens)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of([.. problems.Select(p => (p.Prompt, p.Answers))]);
        var (rows, labels) = (new List<long>(), new List<float>());
        var (before, targets) = (new List<long>(), new List<long>());
        var answer = 0;
        foreach (var problem in problems)
        {
            for (var a = 0; a < problem.Answers.Count; a++, answer++)
            {
                for (var t = 0; t < problem.Answers[a].Count; t++)
                {
                    rows.Add(batch.Starts[answer] + t);
                    var isRight = t < problem.RightTokens[a];
                    labels.Add(isRight ? 1 : 0);
                    if (isRight)
                    {
                        before.Add(batch.Starts[answer] + t - 1);
                        targets.Add(problem.Answers[a][t]);
                    }
                }
            }
        }

        var hidden = model.Body.Forward(batch);
        var rewards = model.Head.Score(hidden.index_select(0, tensor(rows.ToArray())));
        var logits = F.linear(hidden.index_select(0, tensor(before.ToArray())), model.LanguageHead);
        var process = F.binary_cross_entropy_with_logits(rewards, tensor(labels.ToArray()), reduction: nn.Reduction.Sum);
        var language = F.cross_entropy(logits, tensor(targets.ToArray()), reduction: nn.Reduction.Sum);
        using TorchSharp.Scalar count = tokens;
        return (process.add(language, HeldScalar.One) / count).MoveToOuterDisposeScope();
    }
}
