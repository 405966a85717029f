using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Data.Evaluation;

/// <summary>Draws pools of judged answers to held-out problems.</summary>
public interface ICandidatePoolSource
{
    /// <param name="sampling">World, numbers, seed and parameters of the draw.</param>
    /// <param name="progress">Receives the number of finished problems, possibly from several threads; may be null.</param>
    /// <param name="cancellationToken">Ends all work.</param>
    /// <returns>One pool per problem, in the order of the problems.</returns>
    /// <exception cref="GenerationFailedException">An answer could not be made: a pool with holes would bias the curve.</exception>
    /// <exception cref="ScoringFailedException">The reward model failed.</exception>
    Task<IReadOnlyList<CandidatePool>> DrawAsync(PoolSampling sampling, IProgress<int>? progress, CancellationToken cancellationToken);
}
