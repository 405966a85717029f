using System.Text.Json;
using BestOfN.Inference.Runtime;
using BestOfN.Training.Policy.Objectives;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class PolicyLossTests
{
    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Clipped_losses_with_a_penalty_are_those_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("policy-loss", "ppo"))
        {
            var expected = c.GetProperty("expected");
            var (low, high, dual) = (c.Number("clip_low"), c.Number("clip_high"), c.NumberOrNull("dual_clip"));
            var logp = PolicyGolden.Of(c.Flat("logp"), type, hasGradient: true);
            var loss = PolicyLoss.Clipped(
                logp, PolicyGolden.Of(c.Flat("old_logp"), type), PolicyGolden.Of(c.Spread("advantages"), type), low, high, dual);
            if (c.Number("kl_beta") is > 0 and var beta)
            {
                loss = loss.add(KlPenalty.Of(logp, PolicyGolden.Of(c.Flat("ref_logp"), type), KlEstimator.K3).Times(beta), HeldScalar.One);
            }

            Check(c, logp, (loss * Weights(c, type)).sum(), type);
            var seen = ClipStatistics.Of(c.Flat("logp"), c.Flat("old_logp"), c.Spread("advantages"), low, high, dual);
            Assert.Equal(expected.Number("clip_fraction"), seen.ClippedShare, 1e-12);
            Assert.Equal(expected.Number("dual_clip_fraction"), seen.Dual / (double)seen.Tokens, 1e-12);
            Assert.Equal(expected.Number("approx_kl_k1"), seen.K1 / seen.Tokens, 1e-9);
            Assert.Equal(expected.Number("approx_kl_k3"), seen.MeanK3, 1e-9);
            Assert.Equal(expected.Number("mean_ratio"), seen.RatioSum / seen.Tokens, 1e-9);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Losses_of_one_ratio_per_answer_are_those_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("policy-loss", "sequence-ratio"))
        {
            var logp = PolicyGolden.Of(c.Flat("logp"), type, hasGradient: true);
            var (old, lengths) = (PolicyGolden.Of(c.Flat("old_logp"), type), c.Lengths());
            PolicyGolden.Equal(c.GetProperty("expected").Row("sequence_ratio"), PolicyLoss.SequenceRatio(logp, old, lengths), type);
            var losses = PolicyLoss.OfSequences(
                logp, old, PolicyGolden.Of(c.Row("advantages"), type), lengths, c.Number("clip_low"), c.Number("clip_high"));
            Check(c, logp, losses.mean(), type);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Losses_with_a_clipped_weight_are_those_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("policy-loss", "clipped-weight"))
        {
            var logp = PolicyGolden.Of(c.Flat("logp"), type, hasGradient: true);
            var losses = PolicyLoss.ClippedWeight(
                logp, PolicyGolden.Of(c.Flat("old_logp"), type), PolicyGolden.Of(c.Spread("advantages"), type), c.Number("weight_cap"));
            Check(c, logp, (losses * Weights(c, type)).sum(), type);
        }
    }

    [Fact]
    public void With_a_ratio_of_one_the_gradient_is_that_of_reinforce()
    {
        double[] values = [-1.5, -0.2, -3], advantages = [2, -1, 0.5];
        var logp = PolicyGolden.Of(values, ScalarType.Float64, hasGradient: true);
        var loss = PolicyLoss.Clipped(logp, tensor(values), tensor(advantages), 0.2, 0.28, dual: 3);
        PolicyGolden.Equal(advantages.Select(a => -a), PolicyGolden.Values(autograd.grad([loss.sum()], [logp])[0]), 1e-12);
    }

    [Theory]
    [InlineData(LossAggregation.TokenMean)]
    [InlineData(LossAggregation.SeqMeanTokenMean)]
    [InlineData(LossAggregation.SeqMeanTokenSum)]
    [InlineData(LossAggregation.Constant)]
    public void Weights_belong_to_the_whole_step_so_that_it_may_be_split_anyhow(LossAggregation aggregation)
    {
        int[] lengths = [3, 0, 1, 5];
        var weights = AnswerWeights.Of(lengths, aggregation, longest: 8);
        double[] losses = [1, 10, 100, 1000];   // of each token of an answer
        var whole = weights.Select((w, i) => w * lengths[i] * losses[i]).Sum();
        var expected = aggregation switch
        {
            LossAggregation.TokenMean => (3 + 100 + 5000) / 9.0,
            LossAggregation.SeqMeanTokenMean => (1 + 100 + 1000) / 3.0,
            LossAggregation.SeqMeanTokenSum => (3 + 100 + 5000) / 3.0,
            _ => (3 + 100 + 5000) / 24.0,
        };
        Assert.Equal(expected, whole, 1e-9);
        Assert.Equal(0, weights[1]);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void A_whole_step_of_a_tabular_policy_is_that_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("grpo-step"))
        {
            var expected = c.GetProperty("expected");
            int[][] tokens = [.. c.Rows("tokens").Select(row => row.Select(t => (int)t).ToArray())];
            var scores = c.Row("rewards");
            var advantages = GroupAdvantage.Of([scores], AdvantageKind.Grpo, c.Number("epsilon"))[0];
            PolicyGolden.Equal(expected.Row("advantages"), advantages, PolicyGolden.Exact);

            var table = Table(c, "table", type).requires_grad_(true);
            var places = tensor(tokens.SelectMany(row => row.Select((_, t) => (long)t)).ToArray());
            var drawn = tensor(tokens.SelectMany(row => row.Select(t => (long)t)).ToArray());
            Tensor Logs(Tensor logits) => TokenLaw.LogProbabilities(logits.index_select(0, places), drawn, 1);
            var logp = Logs(table);
            var each = tensor(tokens.SelectMany((row, i) => row.Select(_ => advantages[i])).ToArray()).to(type);
            var penalty = KlPenalty.Of(logp, Logs(Table(c, "ref_table", type)), KlEstimator.K3).Times(c.Number("kl_beta"));
            var losses = PolicyLoss.Clipped(logp, Logs(Table(c, "old_table", type)), each, c.Number("clip"), c.Number("clip"), null)
                .add(penalty, HeldScalar.One);
            var weights = AnswerWeights.Of([.. tokens.Select(row => row.Length)], LossAggregation.TokenMean, 1);
            var loss = losses.Times(weights[0]).sum();
            Assert.Equal(expected.Number("loss"), loss.to(ScalarType.Float64).item<double>(), PolicyGolden.Tolerance(type));
            var gradient = autograd.grad([loss], [table])[0];
            PolicyGolden.Equal([.. expected.Rows("grad_table").SelectMany(r => r)], gradient, type);
            var moved = table - gradient.Times(c.Number("learning_rate"));
            PolicyGolden.Equal([.. expected.Rows("new_table").SelectMany(r => r)], moved, type);
            Assert.Equal(
                expected.Number("entropy_before"), TokenLaw.Entropy(table, 1).mean().to(ScalarType.Float64).item<double>(),
                PolicyGolden.Tolerance(type));
        }
    }

    [Fact]
    public void With_shuffled_scores_the_mean_gradient_of_many_groups_is_zero_within_its_error()
    {
        var random = new Random(3);
        var (logits, n) = (new[] { 0.5, -0.2, 1.0, 0.1 }, 1000);
        var law = tensor(logits).softmax(-1);
        var probabilities = PolicyGolden.Values(law);
        var gradients = new double[n][];
        for (var g = 0; g < n; g++)
        {
            int[] drawn = [.. Enumerable.Range(0, 8).Select(_ => Draw(random, probabilities))];
            double[] scores = [.. drawn.Select(token => token == 2 ? 4.0 : 0)];
            random.Shuffle(scores);
            var advantages = GroupAdvantage.Of([scores], AdvantageKind.DrGrpo)[0];
            double Gradient(int v) => drawn.Select((token, i) => -advantages[i] * ((token == v ? 1 : 0) - probabilities[v])).Sum();
            gradients[g] = [.. logits.Select((_, v) => Gradient(v))];
        }

        for (var v = 0; v < logits.Length; v++)
        {
            var (mean, variance) = Moments.Of(gradients.Select(g => g[v]), isUnbiased: true);
            Assert.InRange(mean, -4 * Math.Sqrt(variance / n), 4 * Math.Sqrt(variance / n));
        }
    }

    private static int Draw(Random random, double[] probabilities)
    {
        var u = random.NextDouble();
        for (var i = 0; i < probabilities.Length - 1; i++)
        {
            u -= probabilities[i];
            if (u < 0)
            {
                return i;
            }
        }

        return probabilities.Length - 1;
    }

    private static Tensor Table(JsonElement c, string name, ScalarType type)
    {
        var rows = c.Rows(name);
        return PolicyGolden.Of([.. rows.SelectMany(r => r)], type).view(rows.Length, -1);
    }

    private static Tensor Weights(JsonElement c, ScalarType type)
    {
        var longest = c.TryGetProperty("constant_length", out var length) ? length.GetInt32() : 1;
        var aggregation = c.GetProperty("aggregation").GetString() switch
        {
            "token_mean" => LossAggregation.TokenMean,
            "seq_mean_token_mean" => LossAggregation.SeqMeanTokenMean,
            "seq_mean_token_sum" => LossAggregation.SeqMeanTokenSum,
            _ => LossAggregation.Constant,
        };
        var weights = AnswerWeights.Of(c.Lengths(), aggregation, longest);
        return PolicyGolden.Of([.. weights.Zip(c.Lengths(), (w, l) => Enumerable.Repeat(w, l)).SelectMany(w => w)], type);
    }

    private static void Check(JsonElement c, Tensor logp, Tensor loss, ScalarType type)
    {
        var (expected, lengths) = (c.GetProperty("expected"), c.Lengths());
        Assert.Equal(
            expected.Number("loss"), loss.to(ScalarType.Float64).item<double>(), PolicyGolden.Tolerance(type, expected.Number("loss")));
        double[] gradient = [.. expected.Rows("grad_wrt_logp").SelectMany((row, i) => row[..lengths[i]])];
        PolicyGolden.Equal(gradient, autograd.grad([loss], [logp])[0], type);
    }
}
