using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.LLama.Scoring;

/// <summary>A session of a GGUF reward model. Thread-safe.</summary>
internal sealed class GgufScoringSession : IScoringSession
{
    private readonly GgufRewardModel _model;
    private readonly IReadOnlyList<ChatMessage> _messages;
    private readonly ReadPrompt? _prompt;
    private readonly ScoringFailedException? _failure;
    private int _isDisposed;

    public GgufScoringSession(GgufRewardModel model, IReadOnlyList<ChatMessage> messages)
    {
        (_model, _messages) = (model, messages);
        try
        {
            _prompt = model.Encode(messages);
            model.Read(_prompt);
        }
        catch (Exception e)
        {
            _failure = Failure(e);
        }
    }

    public Task SeePromptAsync(CancellationToken cancellationToken) => _failure is null ? Task.CompletedTask : throw _failure;

    public async Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (_failure is not null)
        {
            throw _failure;
        }

        var rewards = await _model.ScoreAsync(_prompt!, [.. answers.Select(Fitting)], cancellationToken);
        return [.. rewards.Select(reward => reward is { } given ? (CandidateScore?)new CandidateScore(given) : null)];
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0 && _prompt is not null)
        {
            _model.Close(_prompt);
        }

        return ValueTask.CompletedTask;
    }

    /// <returns>Null where the conversation with the answer is longer than the model reads.</returns>
    private int[]? Fitting(Answer answer)
    {
        if (_model.Encoder.AreCertainlyLonger([answer.Text], _model.MaxLength))
        {
            return null;
        }

        try
        {
            var ids = _model.Encoder.Encode(_messages, answer).Ids;
            return ids.Length <= _model.MaxLength ? ids : null;
        }
        catch (Exception e)
        {
            throw Failure(e);
        }
    }

    /// <summary>Why a conversation has no score: a chat template may refuse it in its own way.</summary>
    internal static ScoringFailedException Failure(Exception exception) => exception as ScoringFailedException
        ?? new($"The conversation cannot be encoded for the reward model: {exception.Message}", exception) { MayQuotePrompt = true };
}
