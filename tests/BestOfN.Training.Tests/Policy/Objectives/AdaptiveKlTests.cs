using BestOfN.Training.Policy.Objectives;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class AdaptiveKlTests
{
    [Fact]
    public void The_coefficient_follows_the_measured_divergence_as_in_the_reference()
    {
        foreach (var c in PolicyGolden.Cases("controllers", "adaptive-kl"))
        {
            var (beta, after) = (c.Number("init"), new List<double>());
            foreach (var kl in c.Row("observed_kl"))
            {
                beta = AdaptiveKl.Next(beta, kl, c.Number("target"), (int)c.Number("steps_per_update"), c.Number("horizon"));
                after.Add(beta);
            }

            PolicyGolden.Equal(c.GetProperty("expected").Row("coef_after_each"), after, 1e-12);
        }
    }

    [Fact]
    public void The_updates_of_a_step_end_before_the_first_that_is_too_far()
    {
        foreach (var c in PolicyGolden.Cases("controllers", "kl-early-stop"))
        {
            var rows = c.Rows("kl_per_epoch_and_minibatch");
            var applied = rows.SelectMany((row, epoch) => row.Select((kl, part) => (Place: $"{epoch},{part}", Kl: kl)))
                .TakeWhile(p => !AdaptiveKl.IsTooFar(p.Kl, c.Number("target_kl"), c.Number("factor"))).Select(p => p.Place);
            Assert.Equal(c.GetProperty("expected").Rows("applied").Select(p => $"{p[0]},{p[1]}"), applied);
        }

        Assert.False(AdaptiveKl.IsTooFar(100, null));
    }
}
