using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Pocket;

/// <summary>
/// −log σ(r⁺ − r⁻), in nats per pair: the model of Bradley and Terry, trained as Ouyang et al. 2022 do (https://arxiv.org/abs/2203.02155).
/// </summary>
internal static class PairwiseRanking
{
    /// <summary>
    /// Parts of the mean over problems of the mean over each problem's pairs, so that no problem weighs more for having more pairs.
    /// </summary>
    public static IReadOnlyList<Func<Tensor>> Parts(PocketRewardModel model, IReadOnlyList<ComparedAnswers> problems) =>
        BatchParts.Losses(problems, p => p.Length, part => Share(model, part, problems.Count));

    private static Tensor Share(PocketRewardModel model, IReadOnlyList<ComparedAnswers> problems, int count)
    {
        using var scope = NewDisposeScope();
        var rewards = model.Rewards(problems);
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
