using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Benchmarks.Cleaning;

/// <summary>Scores by the words of an answer, at once: what is left is the cost of everything but the reward model.</summary>
internal sealed class StubJudge : IRewardModel
{
    public string Name => "stub";

    public bool AcceptsPictures => true;

    public IScoringSession Begin(Prompt prompt) => new Session();

    private sealed class Session : IScoringSession
    {
        private const int Values = 1000;

        public Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<CandidateScore?>>([.. answers.Select(answer =>
                (CandidateScore?)new CandidateScore(Score(answer.Text)))]);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static double Score(string text)
        {
            var digest = 17;
            foreach (var c in text)
            {
                digest = unchecked((digest * 31) + c);
            }

            return Math.Abs(digest % Values) / 100.0;
        }
    }
}
