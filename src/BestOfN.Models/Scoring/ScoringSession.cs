using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Models.Scoring;

/// <summary>A session of the scoring engine. Thread-safe.</summary>
public sealed class ScoringSession : IScoringSession
{
    private readonly ScoringEngine _engine;
    private readonly IReadOnlyList<ChatMessage> _messages;
    private readonly ScoringContext? _context;
    private readonly Exception? _failure;

    internal ScoringSession(ScoringEngine engine, IReadOnlyList<ChatMessage> messages, ScoringContext context) =>
        (_engine, _messages, _context) = (engine, messages, context);

    /// <summary>A session whose prompt cannot be read: every call says why.</summary>
    internal ScoringSession(ScoringEngine engine, Exception failure) => (_engine, _messages, _failure) = (engine, [], failure);

    public async Task<IReadOnlyList<CandidateScore>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        var rewards = await RewardAsync(answers, cancellationToken);
        return [.. rewards.Select(r => new CandidateScore(r.Score))];
    }

    /// <summary>As <see cref="ScoreAsync"/>, with the rewards of the steps where the model gives them.</summary>
    public Task<IReadOnlyList<AnswerReward>> RewardAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        return RewardAsync(encoder => answers.Select(a => encoder.Encode(_messages, a)), cancellationToken);
    }

    /// <summary>Rewards of whole sequences of token ids, whose beginnings are the session's prompt as far as they agree.</summary>
    internal Task<IReadOnlyList<AnswerReward>> RewardAsync(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken) =>
        RewardAsync(encoder => sequences.Select((ids, i) => encoder.Encode(i, ids)), cancellationToken);

    public ValueTask DisposeAsync()
    {
        if (_context is not null)
        {
            _engine.Scheduler.Close(_context);
        }

        return ValueTask.CompletedTask;
    }

    private async Task<IReadOnlyList<AnswerReward>> RewardAsync(
        Func<ConversationEncoder, IEnumerable<ScoringSequence>> encode, CancellationToken cancellationToken)
    {
        if (_context is null)
        {
            throw Unreadable(_failure!);
        }

        ScoringSequence[] sequences;
        try
        {
            sequences = [.. encode(_engine.Encoder)];
        }
        catch (Exception e) when (e is not ScoringFailedException)
        {
            throw Unreadable(e);
        }

        var rewards = await _engine.Scheduler.ScoreAsync(_context, sequences, cancellationToken);
        return [.. rewards.Select(_engine.Reward)];
    }

    private static ScoringFailedException Unreadable(Exception reason) => new($"The conversation cannot be encoded for the reward model: {reason.Message}", reason);
}
