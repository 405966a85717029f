namespace BestOfN.Data.Benchmarks;

/// <summary>Scores the answers of benchmarks.</summary>
public interface IBenchmarkJudge
{
    /// <summary>Scores all answers to a question in one pass. Calls may run at the same time.</summary>
    /// <exception cref="Core.Rewards.ScoringFailedException">The question cannot be scored.</exception>
    Task<IReadOnlyList<JudgedAnswer>> ScoreAsync(BenchmarkQuestion question, CancellationToken cancellationToken);
}
