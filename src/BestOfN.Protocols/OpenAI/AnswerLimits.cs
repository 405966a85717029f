namespace BestOfN.Protocols.OpenAI;

/// <summary>What all answers to one request may cost together: tokens, and bytes of memory. Thread-safe.</summary>
/// <param name="tokenBudget">Tokens of all answers; null: no limit.</param>
/// <param name="maxAnswerBytes">Bytes of JSON that are kept of one answer.</param>
internal sealed class AnswerLimits(long? tokenBudget, long maxAnswerBytes) : IDisposable
{
    /// <summary>How many times as large as one answer all answers to a request together may be.</summary>
    private const int AllAnswers = 4;

    private readonly CancellationTokenSource _budgetSpent = new();
    private long _tokens;
    private long _kept;

    public long OneAnswer => maxAnswerBytes;

    public long AllTogether => AllAnswers * maxAnswerBytes;

    /// <summary>Is cancelled when the token budget is spent.</summary>
    public CancellationToken BudgetSpent => _budgetSpent.Token;

    /// <summary>What the budget has left, at least 1; null without a budget.</summary>
    public long? TokensLeft => tokenBudget is { } budget ? Math.Max(1, budget - Volatile.Read(ref _tokens)) : null;

    public void AddTokens(long tokens)
    {
        if (tokens > 0 && Interlocked.Add(ref _tokens, tokens) >= tokenBudget)
        {
            _budgetSpent.Cancel();
        }
    }

    /// <param name="bytes">By how much an answer has grown.</param>
    /// <param name="size">How large that answer is now.</param>
    /// <exception cref="AnswerTooLargeException">It is too large now, or all of them are.</exception>
    public void AddBytes(long bytes, long size)
    {
        if (size > OneAnswer)
        {
            throw new AnswerTooLargeException(OneAnswer);
        }

        if (Interlocked.Add(ref _kept, bytes) > AllTogether)
        {
            throw new AnswerTooLargeException(AllTogether);
        }
    }

    public void Dispose() => _budgetSpent.Dispose();
}
