namespace BestOfN.Training.Policy;

/// <summary>An answer that is trained on, with what its loss needs.</summary>
/// <param name="Tokens">Its ids, the end token included where there is one; not empty.</param>
/// <param name="Logprobs">ln p of every token, as the rollout computed it.</param>
internal sealed record TrainedAnswer(IReadOnlyList<int> Tokens, IReadOnlyList<double> Logprobs)
{
    /// <summary>One for every token; not read where the answer is imitated.</summary>
    public double[] Advantages { get; set; } = [];

    /// <summary>ln p under the policy that sampled, as the training computes it; null: the policy of the update is that policy.</summary>
    public double[]? Old { get; set; }

    /// <summary>ln p under the reference; null where it is not needed.</summary>
    public double[]? Reference { get; set; }

    /// <summary>What the critic expected before every token.</summary>
    public double[]? Values { get; set; }

    /// <summary>What it should have expected.</summary>
    public double[]? Returns { get; set; }

    /// <summary>What a token's loss is multiplied by in the update under way.</summary>
    public double Weight { get; set; }
}
