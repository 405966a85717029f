using BestOfN.Inference.Scoring;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>A score is the same alone and in any company: float32, 1e-4.</summary>
public sealed class ScoreInvarianceTests
{
    private const float Tolerance = 1e-4f;

    public static TheoryData<string> Families =>
        ["internlm2-reward/gqa", "internlm2-reward/mha", "internlm2-reward/rope-linear",
            "llama-seqcls/llama3-rope", "qwen2-rm/two-layer-head", "qwen3-seqcls/plain"];

    [Theory, MemberData(nameof(Families))]
    public async Task Random_groupings_partitions_extensions_and_cache_states_do_not_change_a_score(string folder)
    {
        for (var seed = 0; seed < 12; seed++)
        {
            await Check(folder, seed);
        }
    }

    private static async Task Check(string folder, int seed)
    {
        var random = new Random(seed);
        var options = new ScoringOptions
        {
            TokensPerPass = random.Next(16, 400),                                  // from many chunks to a single pass
            PromptCacheBytes = random.Next(3) switch { 0 => 0, 1 => 60_000, _ => 1 << 24 },
        };
        using var fixture = new ScoringFixture(folder, options);
        var prompts = new List<int[]>();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var fresh = ScoringFixture.Tokens(random, random.Next(1, 80));
            prompts.Add(
                prompts.Count > 0 && random.Next(2) == 0 ? [.. prompts[^1].Take(random.Next(prompts[^1].Length + 1)), .. fresh] : fresh);
        }

        var sessions = prompts.Select(async (prompt, p) =>
        {
            var local = new Random((seed * 100) + p);
            await Task.Yield();
            var context = fixture.Scheduler.Open(prompt);
            var answers = Enumerable.Range(0, local.Next(1, 9))
                .Select(_ => ScoringFixture.Tokens(local, local.Next(3) == 0 ? 7 : local.Next(1, 60))).ToArray();   // some of one length
            var whole = answers.Select(a => prompt.Skip(local.Next(4) == 0 ? prompt.Length : 0).Concat(a).ToArray()).ToArray();

            // Beginnings first, of some: kept, and sometimes taken back by a different continuation.
            for (var round = local.Next(3); round > 0; round--)
            {
                var beginnings = Enumerable.Range(0, answers.Length).Where(_ => local.Next(2) == 0)
                    .Select(i => ScoringFixture.Sequence(
                        i, [.. whole[i].Take(local.Next(1, whole[i].Length + 1)), .. ScoringFixture.Tokens(local, local.Next(3))],
                            isComplete: false))
                    .ToArray();
                var partial = await fixture.Scheduler.ScoreAsync(context, beginnings, TestContext.Current.CancellationToken);
                for (var i = 0; i < beginnings.Length; i++)
                {
                    Assert.Equal(await fixture.ReferenceAsync(beginnings[i].Ids), Assert.Single(partial[i]), Tolerance);
                }
            }

            var order = Enumerable.Range(0, answers.Length).ToArray();
            local.Shuffle(order);
            foreach (var part in order.Chunk(local.Next(1, answers.Length + 1)))
            {
                var scores = await fixture.Scheduler.ScoreAsync(
                    context, [.. part.Select(i => ScoringFixture.Sequence(i, whole[i]))], TestContext.Current.CancellationToken);
                for (var i = 0; i < part.Length; i++)
                {
                    Assert.Equal(await fixture.ReferenceAsync(whole[part[i]]), Assert.Single(scores[i]), Tolerance);
                }
            }

            fixture.Scheduler.Close(context);
        });
        await Task.WhenAll(sessions);
        await fixture.IdleAsync();
        Assert.Equal(0, fixture.Scheduler.Waiting);
    }
}
