namespace BestOfN.Data.Cleaning;

/// <summary>What a report counts per source.</summary>
internal sealed class SourceFigures
{
    // Farther out lie few, and all of them are far out.
    private const double MostZ = 10;

    private double _low = double.PositiveInfinity, _high = double.NegativeInfinity;
    private Histogram? _scores;

    public int Records { get; private set; }

    public int Kept { get; private set; }

    /// <summary>Scores of all answers.</summary>
    public Histogram Scores => _scores ??= new(_low, _high);

    /// <summary>z of all answers.</summary>
    public Histogram Z { get; } = new(-MostZ, MostZ);

    /// <summary>How often each reason was found.</summary>
    public Dictionary<string, int> Reasons { get; } = [];

    /// <summary>Every source's figures, by the number of the source.</summary>
    public static SourceFigures[] Of(CorpusIndex index, RewardDecision decision)
    {
        var all = index.Sources.Select(_ => new SourceFigures()).ToArray();
        for (var record = 0; record < index.Count; record++)
        {
            var own = all[index.SourceNumberOf(record)];
            var reasons = decision.ReasonsOf(record);
            own.Records++;
            own.Kept += reasons.IsEmpty ? 1 : 0;
            foreach (var reason in reasons.Names())
            {
                own.Reasons[reason] = own.Reasons.GetValueOrDefault(reason) + 1;
            }

            foreach (var turn in decision.TurnsOf(record))
            {
                (own._low, own._high) = (Math.Min(own._low, turn.Score), Math.Max(own._high, turn.Score));
            }
        }

        for (var record = 0; record < index.Count; record++)
        {
            foreach (var turn in decision.TurnsOf(record))
            {
                all[index.SourceNumberOf(record)].Scores.Add(turn.Score);
                all[index.SourceNumberOf(record)].Z.Add(turn.Z);
            }
        }

        return all;
    }
}
