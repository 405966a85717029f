namespace BestOfN.Training.Policy.Objectives;

/// <summary>From the score of an answer to a reward for each of its tokens. Answers are rows of their own length.</summary>
internal static class RewardShaping
{
    /// <summary>Clips a score, then takes the penalty off an answer that did not end by itself.</summary>
    public static double Score(double score, bool isFinished, (double Low, double High)? clip, double unfinishedPenalty) =>
        (clip is { } c ? Math.Clamp(score, c.Low, c.High) : score) - (isFinished ? 0 : unfinishedPenalty);

    /// <summary>−β (ln old − ln reference) at every token, and the score at the last.</summary>
    /// <param name="logp">ln old of each token.</param>
    /// <param name="reference">ln reference of each token.</param>
    /// <param name="score">The shaped score.</param>
    /// <param name="beta">Coefficient of the penalty.</param>
    public static double[] Tokens(IReadOnlyList<double> logp, IReadOnlyList<double> reference, double score, double beta)
    {
        var rewards = new double[logp.Count];
        for (var t = 0; t < rewards.Length; t++)
        {
            rewards[t] = -beta * (logp[t] - reference[t]);
        }

        if (rewards.Length > 0)
        {
            rewards[^1] += score;
        }

        return rewards;
    }

    /// <summary>What an answer loses that comes near the longest length: 0 up to the buffer, then along a line to −factor.</summary>
    /// <remarks>Source: Yu et al. 2025 (DAPO), https://arxiv.org/abs/2503.14476.</remarks>
    public static double OverlongPenalty(int length, int longest, int buffer, double factor) =>
        buffer == 0 ? 0 : -Math.Min(Math.Max(length - (longest - buffer), 0), buffer) / (double)buffer * factor;

    /// <summary>Rewards of a batch with variance one and the mean that they had.</summary>
    public static double[][] Whitened(IReadOnlyList<double[]> rewards)
    {
        var (mean, variance) = Moments.Of(rewards.SelectMany(r => r), isUnbiased: true);
        var scale = 1 / Math.Sqrt(variance + 1e-8);
        return [.. rewards.Select(row => row.Select(r => ((r - mean) * scale) + mean).ToArray())];
    }
}
