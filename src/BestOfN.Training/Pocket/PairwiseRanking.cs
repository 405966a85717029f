using BestOfN.Inference.Networks;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Pocket;

/// <summary>−log σ(r⁺ − r⁻), in nats per pair: Bradley and Terry's model as Ouyang et al. 2022 (https://arxiv.org/abs/2203.02155) train it.</summary>
internal static class PairwiseRanking
{
    /// <summary>Rewards of all answers, problem by problem, with gradients where they are enabled.</summary>
    /// <returns>[ΣK] float32.</returns>
    public static Tensor Rewards(VisionLanguageDecoder model, RewardHead head, IReadOnlyList<ComparedAnswers> problems)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of([.. problems.Select(p => (p.Prompt, p.Answers))]);
        return head.Score(model.Forward(batch).index_select(0, tensor(batch.Ends))).MoveToOuterDisposeScope();
    }

    /// <summary>The mean over problems of the mean over each problem's pairs, so that no problem weighs more for having more pairs.</summary>
    /// <returns>Parts of that.</returns>
    public static IReadOnlyList<Func<Tensor>> Parts(VisionLanguageDecoder model, RewardHead head, IReadOnlyList<ComparedAnswers> problems) =>
        BatchParts.Losses(problems, p => p.Length, part => Share(model, head, part, problems.Count));

    private static Tensor Share(VisionLanguageDecoder model, RewardHead head, IReadOnlyList<ComparedAnswers> problems, int count)
    {
        using var scope = NewDisposeScope();
        var rewards = Rewards(model, head, problems);
        var (better, worse, weights) = (new List<long>(), new List<long>(), new List<float>());
        var first = 0;
        foreach (var problem in problems)
        {
            foreach (var (plus, minus) in problem.Pairs)
            {
                better.Add(first + plus);
                worse.Add(first + minus);
                weights.Add(1f / problem.Pairs.Count / count);
            }

            first += problem.Answers.Count;
        }

        var margin = rewards.index_select(0, tensor(better.ToArray())) - rewards.index_select(0, tensor(worse.ToArray()));
        return (-F.logsigmoid(margin) * tensor(weights.ToArray())).sum().MoveToOuterDisposeScope();
    }
}
