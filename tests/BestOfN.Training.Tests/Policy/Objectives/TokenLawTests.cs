using BestOfN.Training.Policy.Objectives;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class TokenLawTests
{
    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Log_probabilities_entropy_and_their_gradients_are_those_of_the_reference(ScalarType type)
    {
        foreach (var c in PolicyGolden.Cases("log-probabilities"))
        {
            var (rows, temperature, expected) = (c.Rows("logits"), c.Number("temperature"), c.GetProperty("expected"));
            var logits = PolicyGolden.Of([.. rows.SelectMany(r => r)], type).view(rows.Length, -1).requires_grad_(true);
            var tokens = tensor(c.Integers("tokens").Select(i => (long)i).ToArray());

            var logs = TokenLaw.LogProbabilities(logits, tokens, temperature);
            PolicyGolden.Equal(expected.Row("logprobs"), logs, type);
            var gradient = autograd.grad([logs.sum()], [logits])[0];
            PolicyGolden.Equal([.. expected.Rows("grad_of_sum_logprobs_wrt_logits").SelectMany(r => r)], gradient, type);

            var entropy = TokenLaw.Entropy(logits, temperature);
            PolicyGolden.Equal(expected.Row("entropy"), entropy, type);
            gradient = autograd.grad([entropy.sum()], [logits])[0];
            PolicyGolden.Equal([.. expected.Rows("grad_of_sum_entropy_wrt_logits").SelectMany(r => r)], gradient, type);
        }
    }
}
