namespace BestOfN.Data.Cleaning;

/// <summary>Which records have low rewards, each compared with records of its source and answers of its length.</summary>
/// <remarks>One threshold for all would drop whole sources with short answers, and keep bad prose.</remarks>
internal sealed class RewardDecision
{
    /// <summary>The turn with the lowest z of every record that has scores.</summary>
    public Dictionary<int, (JudgedTurn Turn, double Z)> Worst { get; } = [];

    public Dictionary<string, SourceDecision> Sources { get; } = [];

    /// <summary>Records to drop.</summary>
    public HashSet<int> Dropped { get; } = [];

    /// <param name="turns">Answers of records without another reason, in order of records.</param>
    /// <param name="sourceOf">The source of a record.</param>
    /// <param name="options">The rule.</param>
    public static RewardDecision Of(IReadOnlyList<JudgedTurn> turns, Func<int, string> sourceOf, CleaningOptions options)
    {
        var decision = new RewardDecision();
        var sources = turns.GroupBy(turn => sourceOf(turn.Record)).ToDictionary(source => source.Key, source => source.ToArray());
        var medians = sources.ToDictionary(s => s.Key, s => SourceStatistics.MedianOf(s.Value.Select(turn => (double)turn.Score)));
        var pool = new Lazy<SourceStatistics>(() =>
            SourceStatistics.Of([.. sources.SelectMany(s => s.Value.Select(turn => (turn.Bin, turn.Score - medians[s.Key])))], options));
        foreach (var (name, own) in sources)
        {
            var isPooled = own.Length < options.MinSource;
            decision.Decide(
                name,
                own,
                isPooled ? SourceStatistics.Pooled(own.Length, medians[name], pool.Value)
                    : SourceStatistics.Of([.. own.Select(turn => (turn.Bin, (double)turn.Score))], options),
                isPooled,
                options);
        }

        return decision;
    }

    private void Decide(string source, JudgedTurn[] turns, SourceStatistics statistics, bool isPooled, CleaningOptions options)
    {
        var records = new List<int>();
        foreach (var turn in turns)
        {
            var z = statistics.Z(turn.Bin, turn.Score);
            if (!Worst.TryGetValue(turn.Record, out var worst))
            {
                records.Add(turn.Record);
            }
            else if (z >= worst.Z)
            {
                continue;
            }

            Worst[turn.Record] = (turn, z);
        }

        // A stable order: of equals the earlier record comes first.
        var lowest = records.OrderBy(record => Worst[record].Z).ToArray();
        var isTooFew = turns.Length < options.MinJudged;
        int[] candidates = isTooFew ? [] : options.Rule switch
        {
            "percentile" => [.. lowest.Take((int)Math.Floor(options.Percentile * records.Count))],
            "absolute" =>
                [.. turns.Where(turn => turn.Score < options.Absolute).Select(turn => turn.Record).Distinct()
                    .OrderBy(record => Worst[record].Z)],
            _ => [.. lowest.TakeWhile(record => Worst[record].Z < -options.Z)],
        };
        var cap = (int)Math.Floor(options.MaxDrop * records.Count);
        Dropped.UnionWith(candidates.Take(cap));
        Sources[source] = new(statistics, isPooled, isTooFew, records.Count, candidates.Length, candidates.Length > cap);
    }
}
