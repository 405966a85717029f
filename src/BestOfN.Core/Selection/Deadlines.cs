namespace BestOfN.Core.Selection;

/// <summary>
/// A time budget, if there is one, divided: generation may take nine tenths of it if something is to be judged, and the rest is left for
/// judging.
/// </summary>
internal sealed class Deadlines : IDisposable
{
    /// <summary>The part of the budget that candidates may take where they are to be scored.</summary>
    private const double GenerationShare = 0.9;

    private readonly CancellationTokenSource _generationTimer;
    private readonly CancellationTokenSource _answerTimer;
    private readonly CancellationTokenSource _generation;
    private readonly CancellationTokenSource _answer;

    public Deadlines(TimeSpan? budget, bool judges, TimeProvider time, CancellationToken cancellationToken)
    {
        _generationTimer = new((judges ? budget * GenerationShare : budget) ?? Timeout.InfiniteTimeSpan, time);
        _answerTimer = new(budget ?? Timeout.InfiniteTimeSpan, time);
        _generation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _generationTimer.Token);
        _answer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _answerTimer.Token);
    }

    public CancellationToken GenerationDeadline => _generation.Token;

    public CancellationToken AnswerDeadline => _answer.Token;

    public void Dispose()
    {
        _generation.Dispose();
        _answer.Dispose();
        _generationTimer.Dispose();
        _answerTimer.Dispose();
    }
}
