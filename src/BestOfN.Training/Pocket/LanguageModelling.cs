using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Pocket;

/// <summary>Next-token cross-entropy over answers, in nats per token; prompts are read, not learned.</summary>
internal static class LanguageModelling
{
    /// <summary>Parts of the mean over all answers' tokens.</summary>
    /// <param name="model">The body.</param>
    /// <param name="head">[V, C].</param>
    /// <param name="companions">Examples that share an image, together.</param>
    public static IReadOnlyList<Func<Tensor>> Parts(VisionLanguageDecoder model, Tensor head, IReadOnlyList<TrainingExample[]> companions)
    {
        var tokens = companions.Sum(c => c.Sum(e => e.Answer.Count));
        return BatchParts.Losses(
            companions,
            c => TokenBatch.RowLength(c.Select(e => (e.Prompt, e.Answer.Count))),
            part => Share(model, head, [.. part.SelectMany(c => c)], tokens));
    }

    /// <summary>Share of examples whose likeliest token is right everywhere: greedy decoding would answer them word for word.</summary>
    public static double ExactShare(VisionLanguageDecoder model, Tensor head, IReadOnlyList<TrainingExample> examples)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (logits, targets) = Logits(model, head, examples);
        var right = logits.argmax(-1).eq(targets).data<bool>().ToArray();
        var (exact, next) = (0, 0);
        foreach (var (_, answer) in examples)
        {
            exact += right.AsSpan(next, answer.Count).Contains(false) ? 0 : 1;
            next += answer.Count;
        }

        return (double)exact / examples.Count;
    }

    private static Tensor Share(VisionLanguageDecoder model, Tensor head, TrainingExample[] examples, int tokens)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar count = tokens;
        var (logits, targets) = Logits(model, head, examples);
        return (F.cross_entropy(logits, targets, reduction: nn.Reduction.Sum) / count).MoveToOuterDisposeScope();
    }

    private static (Tensor Logits, Tensor Targets) Logits(VisionLanguageDecoder model, Tensor head, IReadOnlyList<TrainingExample> examples)
    {
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

        var hidden = model.Forward(batch).index_select(0, tensor(rows.ToArray()));
        return (F.linear(hidden, head), tensor(targets.ToArray()));
    }
}
