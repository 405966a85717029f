namespace BestOfN.Data.Cleaning;

/// <summary>Which records have low rewards, each compared with records of its source and answers of its length.</summary>
/// <remarks>One threshold for all would drop whole sources with short answers, and keep bad prose.</remarks>
internal sealed class RewardDecision
{
    private readonly CorpusIndex _index;
    private readonly ScoreTable _scores;
    private readonly CleaningOptions _options;
    private readonly SourceDecision?[] _sources;
    private readonly Dictionary<int, DropReasons> _dropped = [];

    private RewardDecision(CorpusIndex index, ScoreTable scores, CleaningOptions options) =>
        (_index, _scores, _options, _sources) = (index, scores, options, new SourceDecision?[index.Sources.Count]);

    /// <summary>Records with an answer without a score.</summary>
    public int Unscored { get; private set; }

    /// <summary>Records with an answer that is longer than the reward model reads. They are kept: nobody knows anything about
    /// them.</summary>
    public int TooLong { get; private set; }

    /// <summary>Sources with scores, in the order of their first records.</summary>
    public IEnumerable<(string Name, SourceDecision Decision)> Sources =>
        _sources.Index().Where(s => s.Item is not null).Select(s => (_index.Sources[s.Index], s.Item!));

    public static RewardDecision Of(CorpusIndex index, ScoreTable scores, CleaningOptions options)
    {
        var decision = new RewardDecision(index, scores, options);
        decision.Decide();
        return decision;
    }

    /// <summary>Every reason to drop a record, those of the checks included.</summary>
    public DropReasons ReasonsOf(int record)
    {
        var reasons = _index.ReasonsOf(record);
        return !reasons.IsEmpty ? reasons
            : _options.DropUnscored && IsUnscored(record) ? reasons.With(DropReason.Unscored)
            : _dropped.GetValueOrDefault(record);
    }

    /// <summary>Answers of a record with their scores; none where the record has a reason without them.</summary>
    public IEnumerable<JudgedTurn> TurnsOf(int record)
    {
        if (!_index.ReasonsOf(record).IsEmpty || IsUnscored(record))
        {
            yield break;
        }

        var statistics = _sources[_index.SourceNumberOf(record)]?.Statistics;
        for (var turn = 0; turn < _index.AnswersOf(record); turn++)
        {
            var answer = _index.FirstAnswerOf(record) + turn;
            if (_scores[answer] is { } score)
            {
                yield return new(turn, _index.BinOf(answer), score, statistics?.Z(_index.BinOf(answer), score) ?? 0);
            }
        }
    }

    /// <summary>The answer with the lowest z; null: none has a score.</summary>
    public JudgedTurn? WorstOf(int record)
    {
        JudgedTurn? worst = null;
        foreach (var turn in TurnsOf(record))
        {
            worst = worst is { } lowest && lowest.Z <= turn.Z ? worst : turn;
        }

        return worst;
    }

    /// <summary>Whether the rule says of an answer that its score is low.</summary>
    public bool IsLow(int source, double score, double z) => _sources[source] is { IsTooFew: false } decision
        && (_options.Rule switch
        {
            "absolute" => score < _options.Absolute,
            "percentile" => z <= decision.LimitZ,
            _ => z < decision.LimitZ,
        });

    /// <summary>How much better the first answer of a record is with its own image; null: not measured.</summary>
    public double? GroundingOf(int record) => _scores.Grounding.TryGetValue(record, out var gain) ? gain : null;

    public SourceDecision? SourceOf(int record) => _sources[_index.SourceNumberOf(record)];

    private bool IsUnscored(int record)
    {
        for (var turn = 0; turn < _index.AnswersOf(record); turn++)
        {
            var answer = _index.FirstAnswerOf(record) + turn;
            if (_scores[answer] is null && !_scores.IsTooLong(answer))
            {
                return true;
            }
        }

        return false;
    }

    private void Decide()
    {
        var (records, ends) = BySource();
        var medians = new double[_sources.Length];
        for (var source = 0; source < _sources.Length; source++)
        {
            medians[source] = SourceStatistics.MedianOf(Turns(Of(source), 0).Scores);
        }

        var pool = new Lazy<SourceStatistics>(() =>
        {
            var (bins, scores) = (new List<byte>(), new List<double>());
            for (var source = 0; source < _sources.Length; source++)
            {
                var turns = Turns(Of(source), medians[source]);
                bins.AddRange(turns.Bins);
                scores.AddRange(turns.Scores);
            }

            return SourceStatistics.Of([.. bins], [.. scores], _options);
        });
        for (var source = 0; source < _sources.Length; source++)
        {
            var (bins, scores) = Turns(Of(source), 0);
            if (scores.Length > 0)
            {
                var isPooled = scores.Length < _options.MinSource;
                var statistics = isPooled ? SourceStatistics.Pooled(scores.Length, medians[source], pool.Value)
                    : SourceStatistics.Of(bins, scores, _options);
                _sources[source] = new(statistics, isPooled, scores.Length < _options.MinJudged, 0, 0, false, null);
                Decide(source, Of(source));
            }
        }

        ReadOnlySpan<int> Of(int source) =>
            records.AsSpan(source == 0 ? 0 : ends[source - 1], ends[source] - (source == 0 ? 0 : ends[source - 1]));
    }

    // The records that have scores, source by source, each in order.
    private (int[] Records, int[] Ends) BySource()
    {
        var ends = new int[_sources.Length];
        for (var record = 0; record < _index.Count; record++)
        {
            if (_index.ReasonsOf(record).IsEmpty)
            {
                var isUnscored = IsUnscored(record);
                Unscored += isUnscored ? 1 : 0;
                TooLong += !isUnscored && HasTooLong(record) ? 1 : 0;
                ends[_index.SourceNumberOf(record)] += IsJudged(record) ? 1 : 0;
            }
        }

        for (var source = 1; source < ends.Length; source++)
        {
            ends[source] += ends[source - 1];
        }

        var records = new int[ends.Length == 0 ? 0 : ends[^1]];
        var next = ends.Prepend(0).ToArray();
        for (var record = 0; record < _index.Count; record++)
        {
            if (IsJudged(record))
            {
                records[next[_index.SourceNumberOf(record)]++] = record;
            }
        }

        return (records, ends);
    }

    private bool IsJudged(int record) => TurnsOf(record).Any();

    private bool HasTooLong(int record) =>
        Enumerable.Range(_index.FirstAnswerOf(record), _index.AnswersOf(record)).Any(_scores.IsTooLong);

    private (byte[] Bins, double[] Scores) Turns(ReadOnlySpan<int> records, double less)
    {
        var count = 0;
        foreach (var record in records)
        {
            count += TurnsOf(record).Count();
        }

        var (bins, scores, at) = (new byte[count], new double[count], 0);
        foreach (var record in records)
        {
            foreach (var turn in TurnsOf(record))
            {
                (bins[at], scores[at++]) = (turn.Bin, turn.Score - less);
            }
        }

        return (bins, scores);
    }

    private void Decide(int source, ReadOnlySpan<int> records)
    {
        var decision = _sources[source]!;
        var worst = new double[records.Length];
        for (var i = 0; i < records.Length; i++)
        {
            worst[i] = WorstOf(records[i])!.Value.Z;
        }

        // A stable order: of equals the earlier record comes first.
        var order = Enumerable.Range(0, records.Length).ToArray();
        Array.Sort((double[])worst.Clone(), order);
        SortEquals(order, worst);
        var share = (int)Math.Floor(_options.Percentile * records.Length);
        double? limit = _options.Rule switch
        {
            "robust_z" => -_options.Z,
            "percentile" when share > 0 => worst[order[share - 1]],
            _ => null,
        };
        var (low, irrelevant) = (new List<int>(), new List<int>());
        foreach (var (place, i) in order.Index())
        {
            var record = records[i];
            var isLow = _options.Rule switch
            {
                "percentile" => place < share,
                "absolute" => TurnsOf(record).Any(turn => turn.Score < _options.Absolute),
                _ => worst[i] < limit,
            };
            if (isLow)
            {
                low.Add(record);
            }
            else if (worst[i] < 0 && DoesNotProfit(record))
            {
                irrelevant.Add(record);
            }
        }

        var (candidates, cap) = (decision.IsTooFew ? 0 : low.Count + irrelevant.Count, (int)Math.Floor(_options.MaxDrop * records.Length));
        foreach (var (place, record) in low.Concat(irrelevant).Take(Math.Min(cap, candidates)).Index())
        {
            var reasons = place < low.Count ? new DropReasons().With(DropReason.LowReward) : new DropReasons();
            _dropped[record] = DoesNotProfit(record) ? reasons.With(DropReason.IrrelevantImage) : reasons;
        }

        _sources[source] = decision with
        {
            Records = records.Length, Candidates = candidates, IsCapped = candidates > cap, LimitZ = limit,
        };
    }

    private bool DoesNotProfit(int record) => _scores.Grounding.TryGetValue(record, out var gain) && gain <= 0;

    // Equal z come in the order of their records.
    private static void SortEquals(int[] order, double[] worst)
    {
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && worst[order[end]].Equals(worst[order[start]]))
            {
                end++;
            }

            order.AsSpan(start, end - start).Sort();
            start = end;
        }
    }
}
