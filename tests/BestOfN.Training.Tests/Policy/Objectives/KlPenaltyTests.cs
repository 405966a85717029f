using BestOfN.Training.Policy.Objectives;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class KlPenaltyTests
{
    [Fact]
    public void Estimates_of_single_tokens_and_their_gradients_are_those_of_the_reference()
    {
        foreach (var c in PolicyGolden.Cases("kl-estimators", "tokens"))
        {
            var expected = c.GetProperty("expected");
            var (logp, reference) = (c.Row("logp"), c.Row("ref_logp"));
            Check(KlEstimator.K1, "k1", "grad_k1");
            Check(KlEstimator.K2, "k2", "grad_k2");
            Check(KlEstimator.K3, "k3", "grad_k3_unclamped");
            var clamped = KlPenalty.Of(tensor(logp), tensor(reference), KlEstimator.K3, isClamped: true);
            PolicyGolden.Equal(expected.Row("k3_clamped"), PolicyGolden.Values(clamped), PolicyGolden.Exact);

            void Check(KlEstimator estimator, string value, string gradient)
            {
                var x = PolicyGolden.Of(logp, ScalarType.Float64, hasGradient: true);
                var k = KlPenalty.Of(x, tensor(reference), estimator);
                PolicyGolden.Equal(expected.Row(value), PolicyGolden.Values(k), PolicyGolden.Exact);
                PolicyGolden.Equal(expected.Row(gradient), PolicyGolden.Values(autograd.grad([k.sum()], [x])[0]), PolicyGolden.Exact);
            }
        }
    }

    [Theory]
    [InlineData(KlEstimator.K1, "k1")]   // no gradient at all: in a loss, k1 is no penalty
    [InlineData(KlEstimator.K2, "k2")]
    [InlineData(KlEstimator.K3, "k3")]
    public void Expectations_over_a_categorical_policy_are_those_of_the_reference(KlEstimator estimator, string name)
    {
        foreach (var c in PolicyGolden.Cases("kl-estimators", "categorical"))
        {
            var expected = c.GetProperty("expected");
            var logits = PolicyGolden.Of(c.Row("logits"), ScalarType.Float64, hasGradient: true);
            var logp = logits.log_softmax(-1);
            var k = KlPenalty.Of(logp, tensor(c.Row("ref_logits")).log_softmax(-1), estimator);
            var law = logp.detach().exp();
            Assert.Equal(expected.Number($"mean_{name}"), (law * k).sum().item<double>(), PolicyGolden.Exact);
            PolicyGolden.Equal(
                expected.Row($"expected_grad_{name}_wrt_logits"),
                PolicyGolden.Values(autograd.grad([(law * k).sum()], [logits])[0]), PolicyGolden.Exact);
        }
    }
}
