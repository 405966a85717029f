using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Scoring;
using TorchSharp;

namespace BestOfN.Inference.Tests.Scoring;

[Collection(NativeMemory.Name)]
public sealed class ScoringMemoryTests
{
    [Fact]
    public async Task Ten_thousand_scorings_leave_native_memory_flat()
    {
        const long Slack = 48 << 20;   // allocator and garbage collector breathe; a leak of one prompt state per session would be 200 MB
        using var fixture = new ScoringFixture(options: new ScoringOptions { PromptCacheBytes = 1 << 18 });
        var random = new Random(9);
        await Score(fixture, random, sessions: 50);
        var (tensors, memory) = await MeasureAsync(fixture);
        await Score(fixture, random, sessions: 1250);   // of 8 scorings each
        var (tensorsAfter, memoryAfter) = await MeasureAsync(fixture);
        Assert.InRange(tensorsAfter, 0, tensors + fixture.Scheduler.Cache.Count + 8);
        Assert.InRange(memoryAfter - memory, long.MinValue, Slack);
    }

    private static async Task Score(ScoringFixture fixture, Random random, int sessions)
    {
        for (var i = 0; i < sessions; i++)
        {
            var prompt = ScoringFixture.Tokens(random, 40);
            var context = fixture.Scheduler.Open(prompt);
            ScoringSequence Sequence(int key, int length, bool isComplete) =>
                ScoringFixture.Sequence(key, [.. prompt, .. ScoringFixture.Tokens(new Random(key), length)], isComplete);
            await fixture.Scheduler.ScoreAsync(
                context, [Sequence(0, 6, false), Sequence(1, 7, false), Sequence(2, 6, true)], TestContext.Current.CancellationToken);
            await fixture.Scheduler.ScoreAsync(
                context, [Sequence(0, 9, true), Sequence(1, 9, false), Sequence(3, 9, true), Sequence(4, 3, true), Sequence(5, 3, true)],
                    TestContext.Current.CancellationToken);
            fixture.Scheduler.Close(context);
        }
    }

    private static async Task<(long Tensors, long Memory)> MeasureAsync(ScoringFixture fixture)
    {
        await fixture.IdleAsync();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return (torch.Tensor.TotalCount, Environment.WorkingSet);
    }
}
