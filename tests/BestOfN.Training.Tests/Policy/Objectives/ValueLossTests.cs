using BestOfN.Training.Policy.Objectives;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class ValueLossTests
{
    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Clipped_value_losses_are_those_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("value-loss"))
        {
            var (expected, lengths) = (c.GetProperty("expected"), c.Lengths());
            var values = PolicyGolden.Of(c.Flat("values"), type, hasGradient: true);
            var (old, returns) = (PolicyGolden.Of(c.Flat("old_values"), type), PolicyGolden.Of(c.Flat("returns"), type));
            var loss = ValueLoss.Of(values, old, returns, c.NumberOrNull("clip")).mean();
            Assert.Equal(expected.Number("loss"), loss.to(ScalarType.Float64).item<double>(), PolicyGolden.Tolerance(type));
            double[] gradient = [.. expected.Rows("grad_wrt_values").SelectMany((row, i) => row[..lengths[i]])];
            PolicyGolden.Equal(gradient, autograd.grad([loss], [values])[0], type);
            Assert.Equal(
                expected.Number("explained_variance_of_old_values"),
                ValueLoss.ExplainedVariance(c.Flat("old_values"), c.Flat("returns")), 1e-9);
        }
    }
}
