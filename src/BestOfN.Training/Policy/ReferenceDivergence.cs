
namespace BestOfN.Training.Policy;

/// <summary>How far some answers of a step are from the reference.</summary>
/// <param name="answers">The answers, as the rollout gave them.</param>
/// <param name="reference">ln p of their tokens under the reference, answer by answer.</param>
internal sealed class ReferenceDivergence(IEnumerable<RolloutAnswer> answers, double[][] reference)
{
    private readonly RolloutAnswer[] _answers = [.. answers];

    // By the list of tokens itself: equal answers to different prompts are different answers.
    private readonly Dictionary<object, double[]> _byTokens =
        answers.Select((a, i) => (Key: (object)a.Tokens, Value: reference[i]))
            .ToDictionary(p => p.Key, p => p.Value, ReferenceEqualityComparer.Instance);

    /// <summary>ln p of an answer's tokens under the reference; null where it was not looked at.</summary>
    public double[]? Of(IReadOnlyList<int> tokens) => _byTokens.GetValueOrDefault(tokens);

    /// <summary>k1 of an answer, summed over its tokens, in nats.</summary>
    public double Sum(RolloutAnswer answer) => answer.Logprobs.Sum() - _byTokens[answer.Tokens].Sum();

    /// <summary>Means of k1 per answer and per token, and of k3 per token, in nats.</summary>
    public (double PerAnswer, double PerToken, double K3) Measured()
    {
        double tokens = _answers.Sum(a => a.Tokens.Count);
        var (sum, k3) = (0.0, 0.0);
        foreach (var (i, answer) in _answers.Index())
        {
            for (var t = 0; t < answer.Tokens.Count; t++)
            {
                var d = Math.Clamp(answer.Logprobs[t] - reference[i][t], -20, 20);
                (sum, k3) = (sum + d, k3 + Math.Min(Math.Exp(-d) - 1 + d, 10));
            }
        }

        return (sum / _answers.Length, sum / tokens, k3 / tokens);
    }
}
