using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Page.Traffic;

/// <summary>The last requests and the requests of each minute of the last hour, in memory of fixed size. Thread-safe.</summary>
internal sealed class TrafficLog(IOptions<BestOfNOptions> options, TimeProvider time)
{
    public const int Kept = 200;

    private const int MinutesKept = 60;
    private const int LongestText = 500;

    private readonly Lock _lock = new();
    private readonly TrafficEntry?[] _entries = new TrafficEntry?[Kept];
    private readonly TrafficMinute[] _minutes = new TrafficMinute[MinutesKept];
    private long _count;

    public bool KeepsTexts => options.Value.TrafficTexts;

    /// <summary>Takes in a request that has ended. Its texts are cut, or left out where they are not allowed.</summary>
    public void Add(TrafficEntry entry)
    {
        var minute = entry.At / 60_000;
        var kept = entry with { Question = Text(entry.Question), Answer = Text(entry.Answer) };
        lock (_lock)
        {
            _entries[_count % Kept] = kept with { Number = ++_count };
            ref var place = ref _minutes[minute % MinutesKept];
            place = place.Minute == minute ? place : new(minute, 0, 0);
            place = place with { Requests = place.Requests + 1, Failed = place.Failed + (entry.Status >= 400 ? 1 : 0) };
        }
    }

    /// <param name="after">Number of the newest request that the reader knows; 0: none.</param>
    public TrafficReport Report(long after)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_lock)
        {
            var oldest = Math.Max(Math.Max(after, 0), _count - Kept);
            List<TrafficEntry> entries = [];
            for (var number = oldest; number < _count; number++)
            {
                entries.Add(_entries[number % Kept]!);
            }

            var minutes = _minutes
                .Where(minute => minute.Requests > 0 && minute.Minute > (now / 60_000) - MinutesKept)
                .OrderBy(minute => minute.Minute);
            return new(now, _count, KeepsTexts, [.. minutes], entries);
        }
    }

    private string? Text(string? text) =>
        !KeepsTexts ? null
        : text is null || text.Length <= LongestText ? text
        : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText), "…");
}
