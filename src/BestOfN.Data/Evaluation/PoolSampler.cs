using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;

namespace BestOfN.Data.Evaluation;

/// <summary>Lets a generator answer held-out problems, a reward model judge the answers, and the world check them.</summary>
public sealed class PoolSampler(IPocketWorld world, IGenerator generator, IRewardModel rewardModel) : ICandidatePoolSource
{
    public async Task<IReadOnlyList<CandidatePool>> DrawAsync(
        PoolSampling sampling, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var pools = new CandidatePool[sampling.Problems];
        var done = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = sampling.Concurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, sampling.Problems, parallel, async (i, token) =>
        {
            pools[i] = await DrawAsync(sampling, i, token);
            progress?.Report(Interlocked.Increment(ref done));
        });
        return pools;
    }

    private async Task<CandidatePool> DrawAsync(PoolSampling sampling, int index, CancellationToken cancellationToken)
    {
        var problem = world.Draw(sampling.Seed, index, Split.HeldOut);
        var prompt = problem.ToPrompt();
        await using var session = rewardModel.Begin(prompt);
        await using var swapped = OtherOfItsFamily(problem, sampling, index) is { } other
            ? rewardModel.Begin(problem.ToPrompt(shown: other)) : null;

        // A candidate's seed is this plus its index: spread, and far from overflow, so that problems do not share draws.
        var seed = (long)(new SplitMix64(sampling.Seed, (ulong)index).Next() >> 2);
        var request = new GenerationRequest
        {
            Prompt = prompt,
            Candidates = sampling.Samples,
            Model = sampling.Model,
            Sampling = sampling.Sampling with { Seed = seed },
        };
        var answers = await GenerateAsync(request, cancellationToken);
        var greedy = await GenerateAsync(
            request with { Candidates = 1, Sampling = request.Sampling with { Temperature = 0 } }, cancellationToken);
        var judged = answers.Select((answer, i) => new Answer(i, answer.Text)).ToArray();
        var scores = await ScoreAsync(session, judged, cancellationToken);
        var swappedScores = swapped is null ? null : await ScoreAsync(swapped, judged, cancellationToken);
        return new(
            [.. answers.Select((answer, i) => new PooledAnswer(
                answer.Text, scores[i], problem.IsCorrect(answer.Text), answer.FinishReason is "length"
                    or "content_filter", swappedScores?[i],
                (problem as SeenProblem)?.IsPlausible(answer.Text.Trim()) ?? true))],
            problem.IsCorrect(greedy[0].Text), problem.Family);
    }

    private static async Task<CandidateScore[]> ScoreAsync(
        IScoringSession session, Answer[] answers, CancellationToken cancellationToken) =>
    [
        .. (await session.ScoreAsync(answers, cancellationToken))
            .Select((score, i) => score ?? throw new ScoringFailedException($"Answer {i} is too long for the reward model.")),
    ];

    // Behind the indices of the run, each problem has its own range of indices.
    private Problem? OtherOfItsFamily(Problem problem, PoolSampling sampling, int index) => problem is not SeenProblem ? null
        : Enumerable.Range(0, int.MaxValue)
            .Select(i => world.Draw(sampling.Seed, sampling.Problems + index + ((long)i * sampling.Problems), Split.HeldOut))
            .First(other => other.Family == problem.Family);

    private async Task<Candidate[]> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        var answers = new Candidate[request.Candidates];
        await using var generation = generator.Start(request, cancellationToken);
        await foreach (var happened in generation.Events.WithCancellation(cancellationToken))
        {
            switch (happened)
            {
                case CandidateFinished { Candidate: var candidate }:
                    answers[candidate.Index] = candidate;
                    break;
                case CandidateFailed { Exception: var exception }:
                    throw new GenerationFailedException($"Candidate {happened.Index} failed: {exception.Message}", exception);
            }
        }

        return answers.All(a => a is not null) ? answers
            : throw new GenerationFailedException("The generation ended before all candidates did.");
    }
}
