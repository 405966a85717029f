using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Data.Evaluation;
using BestOfN.Data.Worlds;

namespace BestOfN.Data.Tests.Evaluation;

public sealed class PoolSamplerTests
{
    private static readonly PocketTextWorld s_world = new();
    private static readonly PoolSampling s_sampling = new() { Problems = 12, Samples = 4, Seed = 9, Model = "m" };

    // Candidate 2 and the greedy answer are correct.
    private static readonly FakeGenerator s_generator = new((request, i) =>
        i == 2 || request.Sampling.Temperature == 0 ? SolutionOf(request) : $"wrong {i}");

    [Fact]
    public async Task Pools_hold_answers_scores_and_truth_by_problem_and_index()
    {
        var rewards = new FakeRewardModel((prompt, text) => prompt.Messages[0].Text.Length + text.Length);

        var pools = await new PoolSampler(s_world, s_generator, rewards).DrawAsync(s_sampling, null, TestContext.Current.CancellationToken);

        Assert.Equal(12, pools.Count);
        for (var i = 0; i < pools.Count; i++)
        {
            var problem = s_world.Draw(9, i, Split.HeldOut);
            Assert.Equal(["wrong 0", "wrong 1", problem.Solution, "wrong 3"], pools[i].Answers.Select(a => a.Text));
            Assert.Equal([false, false, true, false], pools[i].Answers.Select(a => a.IsCorrect));
            Assert.All(pools[i].Answers, a => Assert.Equal(problem.Question.Length + a.Text.Length, a.Score.Value));
            Assert.True(pools[i].GreedyIsCorrect);
        }
    }

    [Fact]
    public async Task A_control_shows_the_reward_model_the_picture_of_another_problem_of_the_family()
    {
        var world = PocketWorlds.Of(PocketWorlds.Image);
        var shown = new System.Collections.Concurrent.ConcurrentBag<(string Question, string Picture)>();
        var generator = new FakeGenerator((_, i) => $"{i}");
        var rewards = new FakeRewardModel((prompt, text) =>
        {
            var picture = Convert.ToHexString(
                System.Security.Cryptography.SHA256.HashData(((ImagePart)prompt.Messages[0].Parts[0]).Content.Span));
            shown.Add((prompt.Messages[0].Text, picture));
            return int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) + (Own(prompt.Messages[0].Text, picture) ? 0 : 100);
        });

        var pools = await new PoolSampler(world, generator, rewards)
            .DrawAsync(s_sampling with { World = world.Name }, null, TestContext.Current.CancellationToken);

        Assert.All(pools.SelectMany(p => p.Answers), a => Assert.Equal(a.Score.Value + 100, a.SwappedScore?.Value));
        Assert.All(shown.GroupBy(s => s.Question), q => Assert.InRange(q.Select(s => s.Picture).Distinct().Count(), 2, 24));
        var text = await new PoolSampler(s_world, s_generator, new FakeRewardModel((_, _) => 0))
            .DrawAsync(s_sampling, null, TestContext.Current.CancellationToken);
        Assert.All(text.SelectMany(p => p.Answers), a => Assert.Null(a.SwappedScore));

        bool Own(string question, string picture) =>
            Enumerable.Range(0, 12).Select(i => world.Draw(9, i, Split.HeldOut)).Any(p => p.Question == question
            && Convert.ToHexString(
                System.Security.Cryptography.SHA256.HashData(((ImagePart)p.ToPrompt().Messages[0].Parts[0]).Content.Span)) == picture);
    }

    [Fact]
    public async Task Seeds_differ_between_problems_and_repeat_with_the_seed_of_the_run()
    {
        async Task<long?[]> SeedsOf(ulong seed)
        {
            var generator = new FakeGenerator((_, _) => "");
            await new PoolSampler(s_world, generator, new FakeRewardModel((_, _) => 0))
                .DrawAsync(s_sampling with { Seed = seed }, null, TestContext.Current.CancellationToken);
            return [.. generator.Requests.Where(r => r.Candidates == 4).Select(r => r.Sampling.Seed).Order()];
        }

        var seeds = await SeedsOf(1);
        Assert.Equal(12, seeds.Distinct().Count());
        Assert.Equal(seeds, await SeedsOf(1));
        Assert.Empty(seeds.Intersect(await SeedsOf(2)));
    }

    [Fact]
    public async Task A_candidate_that_fails_ends_the_run()
    {
        var generator = new FakeGenerator((_, i) => i == 3 ? null : "text");

        await Assert.ThrowsAsync<GenerationFailedException>(() =>
            new PoolSampler(s_world, generator, new FakeRewardModel((_, _) => 0))
                .DrawAsync(s_sampling, null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Sampling_stops_when_it_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var generator = new FakeGenerator((_, _) =>
        {
            stop.Cancel();
            return "text";
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new PoolSampler(s_world, generator, new FakeRewardModel((_, _) => 0)).DrawAsync(s_sampling, null, stop.Token));
    }

    private static string SolutionOf(GenerationRequest request) => Enumerable.Range(0, 12)
        .Select(i => s_world.Draw(9, i, Split.HeldOut)).First(p => p.Question == request.Prompt.Messages[0].Text).Solution;
}
