namespace BestOfN.Core.Rewards;

/// <summary>One prompt under judgement. Owns the prompt's state; disposing it gives the state back and drops waiting work.</summary>
public interface IScoringSession : IAsyncDisposable
{
    /// <summary>
    /// Waits until the model has been shown the pictures and videos of the prompt. Nothing is computed yet, so that it takes little of the
    /// time that answers take.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ScoringFailedException">The prompt cannot be judged: no call of this session will give a score.</exception>
    Task SeePromptAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Scores any set of complete or partial answers in one pass. May be called again, with others or with longer ones.</summary>
    /// <param name="answers">The answers to score; indices are distinct.</param>
    /// <param name="cancellationToken">Takes the waiting work out of the queue.</param>
    /// <returns>One score per answer, in the order given; null for an answer that is too long for the model.</returns>
    /// <exception cref="ScoringFailedException">The model failed, the queue is full, the prompt is too long, or a score is not
    /// finite.</exception>
    Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken);
}
