using BestOfN.Core.Computing;
using BestOfN.Core.Prompts;

namespace BestOfN.Core.Rewards;

/// <summary>Scores answers: a network in process or a server.</summary>
/// <remarks>Thread-safe; sessions of different requests share passes.</remarks>
public interface IRewardModel
{
    /// <summary>What the operator calls it.</summary>
    string Name { get; }

    /// <summary>Whether it sees the pictures and videos of a prompt. One that does not must never be given any.</summary>
    bool AcceptsPictures => false;

    /// <summary>What the model's files do not say and was assumed, for the operator to know.</summary>
    IReadOnlyList<string> Assumptions => [];

    /// <summary>How it computes on this machine; null where it is computed elsewhere.</summary>
    ModelComputation? Computation => null;

    /// <summary>SHA-256 over the files from which it was loaded, in hexadecimal; null where it is not known.</summary>
    string? Digest => null;

    /// <summary>Opens a session. Reading the prompt starts at once, while the generator is still busy.</summary>
    /// <param name="prompt">What the user saw.</param>
    IScoringSession Begin(Prompt prompt);
}
