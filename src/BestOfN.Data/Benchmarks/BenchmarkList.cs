namespace BestOfN.Data.Benchmarks;

/// <summary>All benchmarks.</summary>
public static class BenchmarkList
{
    public static IReadOnlyList<IBenchmark> All { get; } =
        [new RewardBench(), new RewardBench2(), new RmBench(), new VlRewardBench(), new MultimodalRewardBench(), new JudgeBench()];
}
