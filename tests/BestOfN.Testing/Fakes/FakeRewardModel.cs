using System.Collections.Concurrent;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Testing.Fakes;

/// <summary>Scores answers as it was told, and remembers every pass. An answer without a score is one that is too long for it.</summary>
public sealed class FakeRewardModel(Func<Answer, double?> score) : IRewardModel
{
    private readonly ConcurrentQueue<IReadOnlyList<Answer>> _passes = [];
    private readonly ConcurrentQueue<Prompt> _prompts = [];
    private readonly TaskCompletionSource _firstPass = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _secondPass = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _scored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _openSessions;

    public string Name { get; init; } = "fake-reward";

    public bool AcceptsPictures { get; init; }

    public static FakeRewardModel Scoring(params (string Text, double Score)[] scores) =>
        new(answer => scores.First(pair => pair.Text == answer.Text).Score);

    public static FakeRewardModel Failing() => new(_ => throw new ScoringFailedException("The scorer broke."));

    /// <summary>Longer is better.</summary>
    public static FakeRewardModel ByLength() => new(answer => answer.Text.Length);

    /// <summary>Every pass waits for what this says.</summary>
    public Func<IReadOnlyList<Answer>, Task> PassGate { get; init; } = _ => Task.CompletedTask;

    /// <summary>Thrown by <see cref="Begin"/>.</summary>
    public Exception? BeginFailure { get; init; }

    /// <summary>What becomes of looking at a prompt.</summary>
    public Func<Prompt, Task> Sight { get; init; } = _ => Task.CompletedTask;

    public IReadOnlyList<IReadOnlyList<Answer>> Passes => [.. _passes];

    public IReadOnlyList<Prompt> Prompts => [.. _prompts];

    public int OpenSessions => _openSessions;

    /// <summary>Completes when the first pass begins.</summary>
    public Task FirstPass => _firstPass.Task;

    /// <summary>Completes when the second pass begins.</summary>
    public Task SecondPass => _secondPass.Task;

    /// <summary>Completes at the end of the first pass.</summary>
    public Task Scored => _scored.Task;

    public IScoringSession Begin(Prompt prompt)
    {
        if (BeginFailure is not null)
        {
            throw BeginFailure;
        }

        _prompts.Enqueue(prompt);
        Interlocked.Increment(ref _openSessions);
        return new Session(this, prompt);
    }

    private sealed class Session(FakeRewardModel model, Prompt prompt) : IScoringSession
    {
        public Task SeePromptAsync(CancellationToken cancellationToken) => model.Sight(prompt).WaitAsync(cancellationToken);

        public async Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
        {
            model._passes.Enqueue(answers);
            (model._passes.Count == 1 ? model._firstPass : model._secondPass).TrySetResult();
            await model.PassGate(answers).WaitAsync(cancellationToken);
            CandidateScore?[] scores =
                [.. answers.Select(answer => model.Score(answer) is { } given ? new CandidateScore(given) : (CandidateScore?)null)];
            model._scored.TrySetResult();
            return scores;
        }

        public ValueTask DisposeAsync()
        {
            Interlocked.Decrement(ref model._openSessions);
            return ValueTask.CompletedTask;
        }
    }

    private double? Score(Answer answer) => score(answer);
}
