using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Data.Tests.Evaluation;

/// <summary>Scores with what a function says.</summary>
internal sealed class FakeRewardModel(Func<Prompt, string, double> score) : IRewardModel
{
    public string Name => "fake";

    public IScoringSession Begin(Prompt prompt) => new Session(prompt, score);

    private sealed class Session(Prompt prompt, Func<Prompt, string, double> score) : IScoringSession
    {
        public Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<CandidateScore?>>(
                [.. answers.Select(a => (CandidateScore?)new CandidateScore(score(prompt, a.Text)))]);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
