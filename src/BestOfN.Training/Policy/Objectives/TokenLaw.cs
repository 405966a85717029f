using static TorchSharp.torch;

namespace BestOfN.Training.Policy.Objectives;

/// <summary>The distribution that a token was drawn from: the whole vocabulary, at the temperature of sampling.</summary>
internal static class TokenLaw
{
    /// <summary>ln p(token), in nats.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="tokens">[N] int64.</param>
    /// <param name="temperature">Above 0.</param>
    /// <returns>[N], owned by the caller's dispose scope.</returns>
    public static Tensor LogProbabilities(Tensor logits, Tensor tokens, double temperature)
    {
        using var scope = NewDisposeScope();
        return Normalised(logits, temperature).gather(1, tokens.unsqueeze(1)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>−Σ p ln p for each row, in nats.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="temperature">Above 0.</param>
    /// <returns>[N], owned by the caller's dispose scope.</returns>
    public static Tensor Entropy(Tensor logits, double temperature)
    {
        using var scope = NewDisposeScope();
        var logs = Normalised(logits, temperature);
        return (logs.exp() * logs).sum(-1).neg().MoveToOuterDisposeScope();
    }

    private static Tensor Normalised(Tensor logits, double temperature)
    {
        using TorchSharp.Scalar held = temperature;
        return (temperature == 1 ? logits : logits / held).log_softmax(-1);
    }
}
