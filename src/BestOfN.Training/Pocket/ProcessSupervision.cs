using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Pocket;

/// <summary>Binary cross-entropy of σ(r) at every token of an answer: is it right as far as checking tells by then? In nats per token.</summary>
/// <remarks>
/// A label for every token instead of one comparison for every two answers: a small network that starts from nothing learns to check from
/// this (process supervision, Lightman et al. 2023, https://arxiv.org/abs/2305.20050); ranking alone barely gets it started.
/// </remarks>
internal static class ProcessSupervision
{
    /// <summary>Parts of the loss, and with it of the next-token cross-entropy of all that is sound, in wrong answers too, which teaches what may come.</summary>
    /// <param name="model">The body.</param>
    /// <param name="head">The reward head.</param>
    /// <param name="languageHead">[V, C].</param>
    /// <param name="companions">Answers with labels, the first of each right, to problems that share a picture.</param>
    public static IReadOnlyList<Func<Tensor>> Parts(VisionLanguageDecoder model, RewardHead head, Tensor languageHead, IReadOnlyList<JudgedAnswers[]> companions)
    {
        var tokens = companions.Sum(c => c.Sum(p => p.Answers.Sum(a => a.Count)));
        return BatchParts.Losses(
            companions,
            c => TokenBatch.RowLength(c.Select(p => (p.Prompt, p.Answers.Sum(a => a.Count)))),
            part => Share(model, head, languageHead, [.. part.SelectMany(problems => problems)], tokens));
    }

    private static Tensor Share(VisionLanguageDecoder model, RewardHead head, Tensor languageHead, JudgedAnswers[] problems, int tokens)
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
                    var sound = t < problem.SoundTokens[a];
                    labels.Add(sound ? 1 : 0);
                    if (sound)
                    {
                        before.Add(batch.Starts[answer] + t - 1);
                        targets.Add(problem.Answers[a][t]);
                    }
                }
            }
        }

        var hidden = model.Forward(batch);
        var flaws = F.binary_cross_entropy_with_logits(
            head.Score(hidden.index_select(0, tensor(rows.ToArray()))), tensor(labels.ToArray()), reduction: nn.Reduction.Sum);
        var language = F.cross_entropy(F.linear(hidden.index_select(0, tensor(before.ToArray())), languageHead), tensor(targets.ToArray()), reduction: nn.Reduction.Sum);
        using TorchSharp.Scalar count = tokens;
        return (flaws.add(language, HeldScalar.One) / count).MoveToOuterDisposeScope();
    }
}
