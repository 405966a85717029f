using BestOfN.Data.Sampling;

namespace BestOfN.Data.Cleaning;

/// <summary>Which records a report shows: the worst, some of the dropped, and those just above the threshold.</summary>
internal sealed class ReportSamples
{
    private const int Most = 20;
    private const int LongestText = 1200;
    private const int MostTurns = 12;
    private const int MostImages = 3;

    private readonly Dictionary<int, ReportSample> _samples = [];

    private readonly int[] _worst, _dropped, _above;

    private ReportSamples(int[] worst, int[] dropped, int[] above) => (_worst, _dropped, _above) = (worst, dropped, above);

    public IEnumerable<ReportSample> Worst => Shown(_worst);

    public IEnumerable<ReportSample> Dropped => Shown(_dropped);

    public IEnumerable<ReportSample> Above => Shown(_above);

    public static ReportSamples Of(CorpusIndex index, RewardDecision decision)
    {
        var (worst, dropped, above) = (new PriorityQueue<int, double>(), new PriorityQueue<int, double>(), new PriorityQueue<int,
            double>());
        for (var record = 0; record < index.Count; record++)
        {
            var reasons = decision.ReasonsOf(record);
            if (!reasons.IsEmpty)
            {
                // By a digest of the number: random, but the same in every run.
                Keep(dropped, record, -(double)SplitMix64.Mix((ulong)record));
            }

            if (decision.WorstOf(record) is not { } turn)
            {
                continue;
            }

            if (reasons.Has(DropReason.LowReward))
            {
                Keep(worst, record, -turn.Z);
            }
            else if (reasons.IsEmpty)
            {
                Keep(above, record, -turn.Z);
            }
        }

        return new(Order(worst), Order(dropped), Order(above));
    }

    /// <summary>Keeps what is shown of a record, if it is one of the samples.</summary>
    public void See(int record, Lazy<CorpusRecord?> read, ImageFiles files, CorpusIndex index, RewardDecision decision,
            CancellationToken cancellationToken)
    {
        if (!_worst.Contains(record) && !_dropped.Contains(record) && !_above.Contains(record))
        {
            return;
        }

        var content = read.Value;
        _samples[record] = new(
            record,
            index.SourceOf(record),
            [.. decision.ReasonsOf(record).Names()],
            decision.WorstOf(record),
            [.. content?.Turns.Take(MostTurns).Select(turn => (turn.Role, Cut(turn.Text))) ?? [],
                .. content?.Rejected is { } rejected ? [("rejected", Cut(rejected))] : Array.Empty<(string, string)>()],
            [.. content?.Images.Take(MostImages).Select(image => Thumbnail.Of(image, files, cancellationToken)).OfType<string>() ?? []]);
    }

    private IEnumerable<ReportSample> Shown(int[] records) => records.Where(_samples.ContainsKey).Select(record => _samples[record]);

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText] + "…";

    // The queue gives back the least priority first, so that the most stay.
    private static void Keep(PriorityQueue<int, double> queue, int record, double priority)
    {
        queue.Enqueue(record, priority);
        if (queue.Count > Most)
        {
            queue.Dequeue();
        }
    }

    private static int[] Order(PriorityQueue<int, double> queue) =>
        [.. queue.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];
}
