namespace BestOfN.Core.Rewards;

/// <summary>A reward model that also scores texts as they stand, token ids, and conversations of many prompts in one call.</summary>
/// <remarks>Thread-safe; calls share passes.</remarks>
public interface IInputRewardModel : IRewardModel
{
    /// <summary>Tokens of the longest input, answer included.</summary>
    int MaxLength { get; }

    /// <summary>The name that the model's files give to what it scores, such as <c>LABEL_0</c>.</summary>
    string Label { get; }

    /// <summary>Scores inputs.</summary>
    /// <param name="inputs">The inputs. Those of one prompt are computed together.</param>
    /// <param name="limit">How long inputs are dealt with.</param>
    /// <param name="cancellationToken">Takes the waiting work out of the queue.</param>
    /// <returns>One reward for each input, in the order given.</returns>
    /// <exception cref="ScoringFailedException">The model failed, a prompt cannot be read, or a score is not finite.</exception>
    Task<IReadOnlyList<InputReward>> ScoreAsync(IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken);
}
