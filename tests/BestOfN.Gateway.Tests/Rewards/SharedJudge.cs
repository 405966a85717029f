using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>Stands in the gateway for whichever reward model a test puts there, so that a gateway serves many tests.</summary>
internal sealed class SharedJudge : IInputRewardModel
{
    public required IInputRewardModel Current { get; set; }

    public string Name => Current.Name;

    public string Label => Current.Label;

    public string? Digest => Current.Digest;

    public bool AcceptsPictures => Current.AcceptsPictures;

    public int MaxLength => Current.MaxLength;

    public IScoringSession Begin(Prompt prompt) => Current.Begin(prompt);

    public Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken) =>
        Current.ScoreAsync(inputs, limit, cancellationToken);
}
