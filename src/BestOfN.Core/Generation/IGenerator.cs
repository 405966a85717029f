using BestOfN.Core.Computing;

namespace BestOfN.Core.Generation;

/// <summary>Makes candidates: a model in process or a server.</summary>
/// <remarks>Thread-safe; any number of generations run at the same time.</remarks>
public interface IGenerator
{
    /// <summary>Whether it sees the pictures and videos of a prompt. One that does not must never be given any.</summary>
    bool AcceptsPictures => false;

    /// <summary>What the model's files do not say and was assumed, for the operator to know.</summary>
    IReadOnlyList<string> Assumptions => [];

    /// <summary>How it computes on this machine; null where it is computed elsewhere.</summary>
    ModelComputation? Computation => null;

    /// <summary>Starts making <see cref="GenerationRequest.Candidates"/> candidates.</summary>
    /// <param name="request">What to make.</param>
    /// <param name="cancellationToken">Ends all candidates; the enumeration then throws <see cref="OperationCanceledException"/>.</param>
    IGeneration Start(GenerationRequest request, CancellationToken cancellationToken);
}
