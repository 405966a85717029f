using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Protocols.Rewards;

/// <summary>One prompt that a reward model on another server judges; nothing is kept there between two calls.</summary>
internal sealed class RemoteScoringSession(RemoteRewardModel model, Prompt prompt) : IScoringSession
{
    public Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        return model.ScoreAsync(prompt, answers, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
