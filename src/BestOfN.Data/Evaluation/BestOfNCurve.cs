using System.Text.Json;
using System.Text.Json.Serialization;
using BestOfN.Core.Selection;
using BestOfN.Data.Sampling;

namespace BestOfN.Data.Evaluation;

/// <summary>How often the chosen answer is correct when it is chosen among k, for several rules; means over problems.</summary>
public sealed record BestOfNCurve
{
    /// <summary>Random subsets per problem and k that a vote is averaged over; where there are
    /// no more subsets than that, all are taken.</summary>
    public const int VoteSubsets = 64;

    /// <summary>Accuracy of the greedy answer.</summary>
    public required double Greedy { get; init; }

    /// <summary>How often a correct answer has a higher reward than a wrong one of the same
    /// problem, over all such pairs; null if there is none.</summary>
    public required double? Auc { get; init; }

    /// <summary>The same over pairs of plausible answers: both could be correct as far as the question
    /// alone says, so only the image tells them apart. Null for text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AucPlausible { get; init; }

    /// <summary>AucPlausible with the image or video of another problem of the same family: 0.5 if the model judges by the image. Null
    /// for text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AucSwapped { get; init; }

    /// <summary>Numbers of candidates: powers of two and the size of the pools.</summary>
    public required IReadOnlyList<int> K { get; init; }

    /// <summary>How often at least one of k answers is correct: the upper bound of every rule.</summary>
    public required IReadOnlyList<double> Pass { get; init; }

    /// <summary>How often the answer of the highest reward is correct.</summary>
    public required IReadOnlyList<double> Reward { get; init; }

    /// <summary>How often the most frequent answer is correct, without rewards.</summary>
    public required IReadOnlyList<double> MajorityVote { get; init; }

    /// <summary>How often the answer with the largest sum of weights is correct.</summary>
    public required IReadOnlyList<double> WeightedVote { get; init; }

    public required BestOfNIntervals Intervals { get; init; }

    /// <summary>The comparison with another generator; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BestOfNComparison? Against { get; init; }

    /// <param name="pools">One per problem, all of one size.</param>
    /// <param name="seed">Decides the random subsets of the votes.</param>
    /// <exception cref="ArgumentException">No pools, empty ones, or of different sizes; or a score that is not finite.</exception>
    public static BestOfNCurve Measure(IReadOnlyList<CandidatePool> pools, ulong seed)
    {
        var n = pools.Count == 0 ? 0 : pools[0].Answers.Count;
        if (n == 0 || pools.Any(p => p.Answers.Count != n) || pools.Any(p => p.Answers.Any(a => !double.IsFinite(a.Score.Value))))
        {
            throw new ArgumentException("A curve needs pools of one size, not empty, with finite scores.", nameof(pools));
        }

        var ks = Sizes(n);
        var strategies = new SelectionStrategies(SelectionStrategies.BuiltIn);
        var pass = OverProblems((i, k) => PoolEstimators.PassAt(pools[i], k));
        var reward = OverProblems((i, k) => PoolEstimators.RewardAt(pools[i], k));
        var majority = OverProblems((i, k) => VoteAt(i, k, strategies[SelectionStrategies.MajorityVote]));
        var weighted = OverProblems((i, k) => VoteAt(i, k, strategies[SelectionStrategies.WeightedVote]));
        var greedy = Estimate.OfMean([.. pools.Select(p => p.GreedyIsCorrect ? 1.0 : 0.0)]);
        var auc = Auc(a => a.Score.Value, _ => true);
        var isSeen = pools.All(p => p.Answers.All(a => a.SwappedScore is not null));
        var plausible = isSeen ? Auc(a => a.Score.Value, a => a.IsPlausible) : null;
        var swapped = isSeen ? Auc(a => a.SwappedScore!.Value.Value, a => a.IsPlausible) : null;

        return new()
        {
            Greedy = greedy.Value,
            Auc = auc?.Value,
            AucPlausible = plausible?.Value,
            AucSwapped = swapped?.Value,
            K = ks,
            Pass = Values(pass),
            Reward = Values(reward),
            MajorityVote = Values(majority),
            WeightedVote = Values(weighted),
            Intervals = new()
            {
                Greedy = Interval(greedy),
                Auc = auc is null ? null : Interval(auc.Value),
                AucPlausible = plausible is null ? null : Interval(plausible.Value),
                AucSwapped = swapped is null ? null : Interval(swapped.Value),
                Pass = Intervals(pass),
                Reward = Intervals(reward),
                MajorityVote = Intervals(majority),
                WeightedVote = Intervals(weighted),
            },
        };

        Estimate? Auc(Func<PooledAnswer, double> score, Func<PooledAnswer, bool> isJudged)
        {
            var pairs = pools.Select(p => PoolEstimators.RankedPairs(p, score, isJudged)).ToList();
            return Estimate.OfRatio([.. pairs.Select(p => p.Won)], [.. pairs.Select(p => p.Pairs)]);
        }

        List<Estimate> OverProblems(Func<int, int, double> accuracy) =>
            [.. ks.Select(k => Estimate.OfMean([.. Enumerable.Range(0, pools.Count).Select(i => accuracy(i, k))]))];

        // The same subsets for every rule, so that rules differ by what they choose and not by luck.
        double VoteAt(int i, int k, ISelectionStrategy vote) =>
            PoolEstimators.ChoiceAt(pools[i], k, vote, VoteSubsets, new SplitMix64(seed, (ulong)i, (ulong)k));

        static double[] Values(List<Estimate> estimates) => [.. estimates.Select(e => e.Value)];

        static double[] Interval(Estimate estimate) => [estimate.Low, estimate.High];

        static double[][] Intervals(List<Estimate> estimates) => [.. estimates.Select(Interval)];
    }

    /// <summary>Powers of two up to the size of the pools, and that size.</summary>
    internal static IReadOnlyList<int> Sizes(int n)
    {
        var ks = new List<int>();
        for (var k = 1; k < n; k *= 2)
        {
            ks.Add(k);
        }

        ks.Add(n);
        return ks;
    }

    public static BestOfNCurve Read(string path) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(path), EvaluationJsonContext.Default.BestOfNCurve)
            ?? throw new JsonException($"{path} holds null, not a curve.");

    /// <summary>Writes the file whole or not at all.</summary>
    public void Write(string path) =>
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, EvaluationJsonContext.Default.BestOfNCurve));
}
