using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inputs.Scoring;

namespace BestOfN.Inference.Scoring;

/// <summary>A session of the scoring engine. Thread-safe.</summary>
public sealed class ScoringSession : IScoringSession
{
    private readonly ScoringEngine _engine;
    private readonly CancellationTokenSource _closed = new();
    private readonly Task<(IReadOnlyList<ChatMessage> Messages, ScoringContext Context)> _opening;
    private int _isDisposed;

    /// <param name="engine">The engine that scores.</param>
    /// <param name="open">Reads the prompt and opens the context; where that fails, every call says why.</param>
    internal ScoringSession(
        ScoringEngine engine, Func<CancellationToken, Task<(IReadOnlyList<ChatMessage> Messages, ScoringContext Context)>> open)
    {
        _engine = engine;
        try
        {
            _opening = open(_closed.Token);
        }
        catch (Exception e) when (e is not ObjectDisposedException)
        {
            _opening = Task.FromException<(IReadOnlyList<ChatMessage>, ScoringContext)>(e);
        }
    }

    public async Task SeePromptAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        try
        {
            await _opening.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            throw failure;
        }
    }

    public async Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        var (context, sequences) =
            await EncodeAsync((encoder, messages) => answers.Select(answer => Fitting(encoder, messages, answer)), cancellationToken);
        var rewards = await _engine.Scheduler.ScoreAsync(context, [.. sequences.OfType<ScoringSequence>()], cancellationToken);
        var next = 0;
        return [.. sequences.Select(sequence => sequence is null ? (CandidateScore?)null : new(_engine.Reward(rewards[next++]).Score))];
    }

    /// <summary>Scores answers as published benchmarks do, which cut what is longer than a limit.</summary>
    /// <param name="answers">What to judge; indices are distinct.</param>
    /// <param name="maxTokens">Tokens of a conversation with its answer; never more than the model reads. Null: as many as the model
    /// reads.</param>
    /// <param name="truncation">How a longer conversation is treated. A conversation with images and a model that scores steps are never
    /// cut.</param>
    /// <param name="cancellationToken">Takes the waiting work out of the queue.</param>
    /// <exception cref="ScoringFailedException">The model failed, or the prompt alone is longer than it reads.</exception>
    public async Task<IReadOnlyList<LimitedReward>> ScoreAsync(
        IReadOnlyList<Answer> answers, int? maxTokens, Truncation truncation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        var limit = new InputLimit(maxTokens, truncation != Truncation.Fail, truncation == Truncation.Left);
        var (context, encoded) = await EncodeAsync(
            (encoder, messages) => answers.Select(answer => Limited(encoder, messages, answer, limit)), cancellationToken);
        var rewards =
            await _engine.Scheduler.ScoreAsync(context, [.. encoded.Select(e => e.Sequence).OfType<ScoringSequence>()], cancellationToken);
        var next = 0;
        return [.. encoded.Select(e => new LimitedReward(
            e.Sequence is null ? null : _engine.Reward(rewards[next++]).Score, e.Tokens, e.IsCut))];
    }

    /// <summary>
    /// As <see cref="ScoreAsync(IReadOnlyList{Answer}, CancellationToken)"/>, with the rewards of the steps where the model gives them.
    /// </summary>
    public Task<IReadOnlyList<AnswerReward>> RewardAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(answers);
        return RewardAsync((encoder, messages) => answers.Select(a => encoder.Encode(messages, a)), cancellationToken);
    }

    /// <summary>Rewards of whole sequences of token ids, whose beginnings are the session's prompt as far as they agree.</summary>
    internal Task<IReadOnlyList<AnswerReward>> RewardAsync(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken) =>
        RewardAsync((encoder, _) => sequences.Select((ids, i) => encoder.Encode(i, ids)), cancellationToken);

    /// <summary>As <see cref="RewardAsync(IReadOnlyList{Answer}, CancellationToken)"/>, within a limit of tokens.</summary>
    internal async Task<IReadOnlyList<InputReward>> RewardAsync(
        IReadOnlyList<Answer> answers, InputLimit limit, CancellationToken cancellationToken)
    {
        var (context, encoded) = await EncodeAsync(
            (encoder, messages) => answers.Select(answer => Limited(encoder, messages, answer, limit)), cancellationToken);
        return await RewardAsync(context, encoded, cancellationToken);
    }

    /// <summary>Answers to messages that are not the session's prompt, because they are longer than the model reads.</summary>
    internal async Task<IReadOnlyList<InputReward>> RewardAsync(
        IReadOnlyList<ChatMessage> messages, IReadOnlyList<Answer> answers, InputLimit limit, CancellationToken cancellationToken)
    {
        var (context, encoded) = await EncodeAsync((encoder, _) =>
            answers.Select(answer => Limited(encoder, messages, answer, limit)), cancellationToken);
        return await RewardAsync(context, encoded, cancellationToken);
    }

    /// <summary>Rewards of whole sequences of token ids; they may begin as the session's prompt does.</summary>
    internal async Task<IReadOnlyList<InputReward>> RewardAsync(
        IReadOnlyList<LimitedSequence> sequences, CancellationToken cancellationToken)
    {
        var (context, encoded) = await EncodeAsync(
            (_, _) => sequences.Select((each, i) =>
                each with { Sequence = each.Sequence is { } sequence ? sequence with { Key = i } : null }), cancellationToken);
        return await RewardAsync(context, encoded, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _closed.Cancel();
            _ = CloseAsync();
        }

        return ValueTask.CompletedTask;
    }

    // A prompt that is still being read is closed as soon as it is open.
    private async Task CloseAsync()
    {
        await ((Task)_opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_opening.IsCompletedSuccessfully)
        {
            _engine.Scheduler.Close(_opening.Result.Context);
        }

        _closed.Dispose();
    }

    private async Task<IReadOnlyList<AnswerReward>> RewardAsync(
        Func<ConversationEncoder, IReadOnlyList<ChatMessage>, IEnumerable<ScoringSequence>> encode, CancellationToken cancellationToken)
    {
        var (context, sequences) = await EncodeAsync(encode, cancellationToken);
        var rewards = await _engine.Scheduler.ScoreAsync(context, sequences, cancellationToken);
        return [.. rewards.Select(_engine.Reward)];
    }

    private async Task<(ScoringContext Context, T[] Sequences)> EncodeAsync<T>(
        Func<ConversationEncoder, IReadOnlyList<ChatMessage>, IEnumerable<T>> encode, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        try
        {
            var (messages, context) = await _opening.WaitAsync(cancellationToken);
            var sequences = new List<T>();
            foreach (var sequence in encode(_engine.Encoder, messages))
            {
                sequences.Add(sequence);
                cancellationToken.ThrowIfCancellationRequested(); // a long text takes its time
            }

            return (context, [.. sequences]);
        }
        catch (Exception e) when (Failure(e) is { } failure)
        {
            throw failure;
        }
    }

    private async Task<IReadOnlyList<InputReward>> RewardAsync(
        ScoringContext context, LimitedSequence[] encoded, CancellationToken cancellationToken)
    {
        var rewards = await _engine.Scheduler.ScoreAsync(
            context, [.. encoded.Select(each => each.Sequence).OfType<ScoringSequence>()], cancellationToken);
        var next = 0;
        return
        [
            .. encoded.Select(each =>
            {
                var reward = each.Sequence is null ? null : _engine.Reward(rewards[next++]);
                return reward is { } given && !(double.IsFinite(given.Score) && given.Steps.All(double.IsFinite))
                    ? throw new ScoringFailedException($"The reward model '{_engine.Name}' gave a score that is not a finite number.")
                    : new InputReward(reward?.Score, each.Tokens, context.PromptIds.Length) { Steps = reward?.Steps ?? [],
                        IsCut = each.IsCut };
            }),
        ];
    }

    private LimitedSequence Limited(ConversationEncoder encoder, IReadOnlyList<ChatMessage> messages, Answer answer, InputLimit limit)
    {
        var most = Math.Min(limit.MaxTokens ?? int.MaxValue, _engine.MaxLength);
        return LimitedSequence.Of(encoder.Encode(messages, answer), most, limit with { Cuts = limit.Cuts && CanBeCut(messages) });
    }

    /// <returns>Null where the conversation with the answer is longer than the model reads.</returns>
    private ScoringSequence? Fitting(ConversationEncoder encoder, IReadOnlyList<ChatMessage> messages, Answer answer) =>
        !encoder.AreCertainlyLonger([answer.Text], _engine.MaxLength) && encoder.Encode(messages, answer) is var sequence
            && sequence.Ids.Length <= _engine.MaxLength ? sequence : null;

    private bool CanBeCut(IReadOnlyList<ChatMessage> messages) =>
        !_engine.ScoresSteps && messages.All(message => message.Parts.All(part => part is TextPart));

    private static ScoringFailedException? Failure(Exception exception) => exception switch
    {
        UnreadablePromptException e => e.ToScoringFailure(),
        ScoringFailedException or OperationCanceledException or ObjectDisposedException => null,
        _ => new($"The conversation cannot be encoded for the reward model: {exception.Message}", exception) { MayQuotePrompt = true },
    };
}
