namespace BestOfN.Core.Rewards;

/// <summary>The reward of one input.</summary>
/// <param name="Score">Higher is better; finite. Null: the input is too long for the model and was not to be cut.</param>
/// <param name="Tokens">Tokens of the input before anything was cut.</param>
/// <param name="PromptTokens">Tokens of its prompt; 0 where prompt and answer were not told apart.</param>
public sealed record InputReward(double? Score, int Tokens, int PromptTokens)
{
    /// <summary>Rewards of the answer's steps, 0..1, in order; empty where the model does not score steps.</summary>
    public IReadOnlyList<double> Steps { get; init; } = [];

    /// <summary>Whether tokens were left out.</summary>
    public bool IsCut { get; init; }
}
