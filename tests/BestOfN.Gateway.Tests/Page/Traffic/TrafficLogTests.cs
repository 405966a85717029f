using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Page.Traffic;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Gateway.Tests.Page.Traffic;

public sealed class TrafficLogTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(1));

    [Fact]
    public void Only_the_last_200_requests_are_kept()
    {
        var log = Log();
        for (var i = 1; i <= 450; i++)
        {
            log.Add(Entry(totalMs: i));
        }

        var report = log.Report(0);
        Assert.Equal(450, report.Total);
        Assert.Equal(
            Enumerable.Range(251, 200).Select(i => ((long)i, (double)i)),
            report.Requests.Select(entry => (entry.Number, entry.TotalMs)));
        Assert.Equal([449, 450], log.Report(448).Requests.Select(entry => entry.Number));
        Assert.Equal(200, log.Report(-7).Requests.Count);
        Assert.Empty(log.Report(long.MaxValue).Requests);
    }

    [Fact]
    public void Minutes_of_the_last_hour_are_counted_and_older_ones_forgotten()
    {
        var log = Log();
        log.Add(Entry(status: 500));
        _time.Advance(TimeSpan.FromMinutes(1));
        log.Add(Entry());
        log.Add(Entry());
        Assert.Equal([(1440, 1, 1), (1441, 2, 0)], log.Report(0).Minutes.Select(minute => (minute.Minute, minute.Requests, minute.Failed)));

        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal([1441], log.Report(0).Minutes.Select(minute => minute.Minute));
        log.Add(Entry());
        Assert.Equal([(1441, 2), (1500, 1)], log.Report(0).Minutes.Select(minute => (minute.Minute, minute.Requests)));
    }

    [Fact]
    public void Texts_are_left_out_unless_they_are_allowed_and_then_cut_between_characters()
    {
        var entry = Entry() with { Question = "What?", Answer = new string('x', 499) + "\U0001F600 and more" };
        var silent = Log();
        silent.Add(entry);
        Assert.Equal((null, null), (silent.Report(0).Requests[0].Question, silent.Report(0).Requests[0].Answer));

        var talking = Log(texts: true);
        talking.Add(entry);
        var kept = talking.Report(0).Requests[0];
        Assert.Equal(("What?", new string('x', 499) + "…"), (kept.Question, kept.Answer));
    }

    private TrafficLog Log(bool texts = false) => new(Options.Create(new BestOfNOptions { TrafficTexts = texts }), _time);

    private TrafficEntry Entry(int status = 200, double totalMs = 1) =>
        new() { At = _time.GetUtcNow().ToUnixTimeMilliseconds(), Status = status, QueueMs = 0, TotalMs = totalMs };
}
