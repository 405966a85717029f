using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>A scheduler over a tiny network on a device worker of its own.</summary>
internal sealed class ScoringFixture : IDisposable
{
    public const int Vocabulary = 390;   // of the tiny models' 400 or 500

    private readonly ScoringMetrics _metrics = new("tiny", null);

    public ScoringFixture(
        string folder = "qwen3-seqcls/plain", ScoringOptions? options = null, RewardNetwork? network = null, DeviceWorker? worker = null)
    {
        Network = network ?? NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        Worker = worker ?? new DeviceWorker(CPU);
        Scheduler = new ScoringScheduler(new PackedScorer(Network), Worker, options ?? new ScoringOptions(), _metrics);
    }

    public RewardNetwork Network { get; }

    public DeviceWorker Worker { get; }

    public ScoringScheduler Scheduler { get; }

    public long ComputedTokens => _metrics.ComputedTokens;

    public long ReusedTokens => _metrics.ReusedTokens;

    public static int[] Tokens(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(5, Vocabulary))];

    public static ScoringSequence Sequence(int key, int[] ids, bool isComplete = true) =>
        new() { Key = key, Ids = ids, Rows = [ids.Length - 1], IsComplete = isComplete };

    public async Task<float> ScoreAsync(ScoringContext context, int key, int[] ids, bool isComplete = true) =>
        (await Scheduler.ScoreAsync(context, [Sequence(key, ids, isComplete)], TestContext.Current.CancellationToken))[0][0];

    /// <summary>On the device's thread, for every other thread would have libtorch start a team of its own.</summary>
    public Task<float> ReferenceAsync(int[] ids) => Worker.RunAsync(() => ReferenceScores.AtLast(Network, ids));

    /// <summary>Waits until the device has done all that was handed to it, also what the pass under way came too early for.</summary>
    public async Task IdleAsync()
    {
        do
        {
            await Worker.RunAsync(() => { });
        }
        while (Scheduler.Waiting > 0);
    }

    public void Dispose()
    {
        Scheduler.Dispose();
        Worker.RunToEnd(Network.Dispose);
        Worker.Dispose();
        _metrics.Dispose();
    }
}
