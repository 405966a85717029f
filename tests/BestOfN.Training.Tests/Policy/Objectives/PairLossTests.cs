using BestOfN.Training.Policy.Objectives;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class PairLossTests
{
    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Losses_of_pairs_are_those_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("dpo"))
        {
            var (expected, beta) = (c.GetProperty("expected"), c.Number("beta"));
            var chosen = PolicyGolden.Of(c.Row("policy_chosen"), type, hasGradient: true);
            var rejected = PolicyGolden.Of(c.Row("policy_rejected"), type, hasGradient: true);
            var margin = PairLoss.Margin(
                chosen, rejected, PolicyGolden.Of(c.Row("ref_chosen"), type), PolicyGolden.Of(c.Row("ref_rejected"), type));
            var lengths = PolicyGolden.Of(c.Row("chosen_lengths"), type);
            var loss = PairLoss.Dpo(margin, chosen, lengths, beta, c.Number("label_smoothing"), c.Number("nll_weight")).mean();
            Assert.Equal(expected.Number("loss"), loss.to(ScalarType.Float64).item<double>(), PolicyGolden.Tolerance(type));
            var gradients = autograd.grad([loss], [chosen, rejected]);
            PolicyGolden.Equal(expected.Row("grad_policy_chosen"), gradients[0], type);
            PolicyGolden.Equal(expected.Row("grad_policy_rejected"), gradients[1], type);
            Assert.Equal(
                expected.Number("ipo_loss"), PairLoss.Ipo(margin, beta).mean().to(ScalarType.Float64).item<double>(),
                PolicyGolden.Tolerance(type, expected.Number("ipo_loss")));
            var z = PolicyGolden.Values(margin);
            Assert.Equal(expected.Number("accuracy"), z.Count(m => m > 0) / (double)z.Length, 1e-12);
            Assert.Equal(expected.Number("margin"), beta * z.Average(), PolicyGolden.Tolerance(type, 10));
        }
    }
}
