using BestOfN.Inference.Runtime;
using BestOfN.Training.Policy.Objectives;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy;

/// <summary>The loss of a part of an update, by the method of the recipe.</summary>
/// <param name="policy">The network that is trained.</param>
/// <param name="recipe">The method and its numbers.</param>
internal sealed class PolicyObjective(PolicyNetwork policy, PolicyRecipe recipe)
{
    /// <param name="groups">The part.</param>
    /// <param name="beta">Coefficient of the divergence now.</param>
    /// <param name="statistics">What was seen on the way.</param>
    /// <returns>The part's share, a scalar with gradients, owned by the caller's dispose scope.</returns>
    public Tensor Loss(IReadOnlyList<TrainedGroup> groups, double beta, out UpdateStatistics statistics)
    {
        using var scope = NewDisposeScope();
        TrainedAnswer[] answers = [.. groups.SelectMany(g => g.Answers)];
        var logits = policy.Logits([.. groups.Select(g => g.ForPolicy)]);
        var tokens = tensor(answers.SelectMany(a => a.Tokens).Select(id => (long)id).ToArray(), device: policy.Device);
        var logp = TokenLaw.LogProbabilities(logits, tokens, 1);
        statistics = Observe(answers, logits, logp);
        var loss = recipe.Method switch
        {
            PolicyRecipe.Raft => (logp * Each(answers, a => a.Weight)).sum().neg(),
            PolicyRecipe.Dpo => Pairs(answers, logp),
            _ => Gradient(answers, logp),
        };
        if (beta > 0 && recipe.Kl.IsInLoss)
        {
            var penalty = KlPenalty.Of(logp, All(answers, a => a.Reference!), recipe.Kl.ParsedEstimator, isClamped: true);
            loss = loss.add(Scaled((penalty * Each(answers, a => a.Weight)).sum(), beta), HeldScalar.One);
        }

        if (recipe.Loss.Entropy > 0)
        {
            var entropy = (TokenLaw.Entropy(logits, 1) * Each(answers, a => a.Weight)).sum();
            loss = loss.add(Scaled(entropy, -recipe.Loss.Entropy), HeldScalar.One);
        }

        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>ln p of every token of every answer, without gradients.</summary>
    public static double[][] LogProbabilities(PolicyNetwork network, IReadOnlyList<AnswerTokens> groups)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var tokens = groups.SelectMany(g => g.Answers).SelectMany(a => a).Select(id => (long)id).ToArray();
        var logp = TokenLaw.LogProbabilities(network.Logits(groups), tensor(tokens, device: network.Device), 1);
        return Split(logp, groups);
    }

    /// <summary>A number of each token, answer by answer.</summary>
    public static double[][] Split(Tensor values, IReadOnlyList<AnswerTokens> groups)
    {
        var (all, next) = (Read(values), 0);
        return [.. groups.SelectMany(g => g.Answers).Select(a => all[next..(next += a.Count)])];
    }

    private Tensor Gradient(TrainedAnswer[] answers, Tensor logp)
    {
        var o = recipe.Loss;
        var old = o.IsAgainstReference ? All(answers, a => a.Reference!)
            : answers[0].Old is null ? logp.detach() : All(answers, a => a.Old!);
        var advantages = All(answers, a => a.Advantages);
        var losses = PolicyLoss.Clipped(logp, old, advantages, o.ClipLow, o.ClipHigh, o.DualClip);
        return (losses * Each(answers, a => a.Weight)).sum();
    }

    // Answers come in pairs, the better first; both have the weight of their pair.
    private Tensor Pairs(TrainedAnswer[] answers, Tensor logp)
    {
        var place = tensor(answers.SelectMany((a, i) => Enumerable.Repeat((long)i, a.Tokens.Count)).ToArray(), device: policy.Device);
        var sums = zeros(answers.Length, device: policy.Device).index_add(0, place, logp, HeldScalar.One).view(-1, 2);
        var reference = Numbers(answers.Select(a => a.Reference!.Sum())).view(-1, 2);
        var (chosen, rejected) = (sums.select(1, 0), sums.select(1, 1));
        var margin = PairLoss.Margin(chosen, rejected, reference.select(1, 0), reference.select(1, 1));
        var lengths = Numbers(answers.Select(a => (double)a.Tokens.Count)).view(-1, 2).select(1, 0);
        var o = recipe.Pairs;
        var losses = o.Loss == "ipo" ? PairLoss.Ipo(margin, o.Beta)
            : PairLoss.Dpo(margin, chosen, lengths, o.Beta, o.LabelSmoothing, o.Imitation);
        return (losses * Numbers(answers.Where((_, i) => i % 2 == 0).Select(a => a.Weight))).sum();
    }

    private UpdateStatistics Observe(TrainedAnswer[] answers, Tensor logits, Tensor logp)
    {
        using var guard = no_grad();
        var entropy = Scalar(TokenLaw.Entropy(logits.detach(), 1).sum());
        var now = Read(logp);
        var isFirst = answers[0].Old is null;
        double[] old = isFirst ? now : [.. answers.SelectMany(a => a.Old!)];
        double[] rollout = [.. answers.SelectMany(a => a.Logprobs)];
        var gap = rollout.Length == old.Length ? old.Zip(rollout, (a, b) => Math.Abs(a - b)).Sum() : 0;
        double[] advantages = answers[0].Advantages.Length > 0 ? [.. answers.SelectMany(a => a.Advantages)] : new double[now.Length];
        var o = recipe.Loss;
        double[] against = o.IsAgainstReference && answers[0].Reference is not null ? [.. answers.SelectMany(a => a.Reference!)] : old;
        var clip = ClipStatistics.Of(now, against, advantages, o.ClipLow, o.ClipHigh, o.DualClip);
        return new UpdateStatistics(now.Length, entropy, gap, clip);
    }

    private Tensor Each(TrainedAnswer[] answers, Func<TrainedAnswer, double> value) =>
        Numbers(answers.SelectMany(a => Enumerable.Repeat(value(a), a.Tokens.Count)));

    private Tensor All(TrainedAnswer[] answers, Func<TrainedAnswer, double[]> values) => Numbers(answers.SelectMany(values));

    private Tensor Numbers(IEnumerable<double> values) => tensor(values.Select(v => (float)v).ToArray(), device: policy.Device);

    private static Tensor Scaled(Tensor value, double factor)
    {
        using TorchSharp.Scalar held = factor;
        return value * held;
    }

    private static double Scalar(Tensor value) => value.item<float>();

    private static double[] Read(Tensor values) => [.. values.detach().cpu().data<float>().Select(v => (double)v)];
}
