using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Protocols.Rewards;

/// <summary>The way in which a kind of server is asked for rewards: what is sent, and what the answer means. Thread-safe.</summary>
public interface IRewardProtocol
{
    /// <summary>Answers that one call may hold.</summary>
    int MaxAnswers { get; }

    /// <summary>Whether images can be sent.</summary>
    bool TakesImages { get; }

    /// <summary>Path of the call, from the root of the server.</summary>
    string Path { get; }

    /// <summary>Writes the body of a call.</summary>
    /// <param name="json">Where it is written.</param>
    /// <param name="model">What the model is called there; null: not said.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="answers">One to <see cref="MaxAnswers"/> answers.</param>
    /// <exception cref="ScoringFailedException">The protocol has no words for such a prompt.</exception>
    void Write(Utf8JsonWriter json, string? model, Prompt prompt, IReadOnlyList<Answer> answers);

    /// <summary>Reads the rewards of an answer with a status of success.</summary>
    /// <param name="body">The answer.</param>
    /// <param name="count">Answers that were sent.</param>
    /// <returns>One reward for each answer, in the order in which they were sent; none is checked.</returns>
    /// <exception cref="RewardShapeException">The answer has another shape, or another number of rewards.</exception>
    IReadOnlyList<double> Read(JsonElement body, int count);
}
