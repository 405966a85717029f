using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Protocols.OpenAI;
using BestOfN.Protocols.Tests.OpenAI;
using BestOfN.Protocols.Upstreams;
using BestOfN.Testing.Upstream;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Protocols.Tests.Upstreams;

public sealed class UpstreamClientTests
{
    private readonly FakeTimeProvider _time = new();

    public static TheoryData<string> Passing => ["500", "502", "503", "408", "429", "reset"];

    [Theory, MemberData(nameof(Passing))]
    public async Task What_may_pass_is_tried_again(string trouble)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        var fault = trouble switch
        {
            "reset" => Fault.Reset,
            "429" => Fault.TooManyRequests("0"),
            _ => Fault.Status(int.Parse(trouble, System.Globalization.CultureInfo.InvariantCulture)),
        };
        upstream.Next(fault, fault);
        using var generator = new GeneratorUnderTest(upstream);

        var outcome = await generator.RunAsync(1);

        Assert.Equal("good", Assert.Single(outcome.Finished).Text);
        Assert.Equal(3, upstream.Requests.Count);
        Assert.Single(upstream.Requests.Select(request => request.Body).Distinct());
        Assert.Equal(0, generator.Destinations.Busy);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Retries_do_not_multiply_with_the_candidates(int retries)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Status(500);
        using var generator = new GeneratorUnderTest(
            upstream, ChoiceCalls.MultipleCalls, GeneratorUnderTest.Impatient with { Retries = retries, CircuitMinimumCalls = 1000 });

        var outcome = await generator.RunAsync(6);

        Assert.Equal(6 + retries, upstream.Requests.Count);
        Assert.Equal(6, outcome.Failed.Count);
        Assert.All(outcome.Failed, failed => Assert.Equal(500, failed.Exception.Failure.Upstream?.Status));
    }

    [Fact]
    public async Task Nothing_is_tried_again_once_tokens_flow()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("a", "b") with { BreaksAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream);

        var outcome = await generator.RunAsync(1);

        Assert.Single(outcome.Failed);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_retry_goes_to_another_destination()
    {
        await using var broken = await OpenAIUpstream.StartAsync("never");
        await using var sound = await OpenAIUpstream.StartAsync("good");
        broken.Always = Fault.Status(500);
        // In turn, the broken one would be next again.
        using var generator = new GeneratorUnderTest([broken.Address, broken.Address, sound.Address]);

        var outcome = await generator.RunAsync(1);

        Assert.Equal("good", Assert.Single(outcome.Finished).Text);
        Assert.Single(broken.Requests);
    }

    [Fact]
    public async Task A_retry_waits_first()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Next(Fault.Status(500));
        var options = new UpstreamOptions { RetryDelay = TimeSpan.FromSeconds(4) };
        var time = new PauseWatchingTime(options.MaxRetryDelay);
        using var generator = new GeneratorUnderTest(upstream, options: options, time: time);
        var running = generator.RunAsync(1);

        var pause = await time.Pause;
        Assert.Single(upstream.Requests);
        time.Advance(pause);

        Assert.Single((await running).Finished);
    }

    [Fact]
    public async Task A_destination_that_cannot_be_reached_costs_no_retry()
    {
        await using var sound = await OpenAIUpstream.StartAsync("good");
        using var nobody = new ClosedPort();
        using var generator = new GeneratorUnderTest(
            [nobody.Address, sound.Address], ChoiceCalls.MultipleCalls, GeneratorUnderTest.Impatient with { Retries = 0 });

        var outcome = await generator.RunAsync(6);

        Assert.Equal(6, outcome.Finished.Count);
        Assert.Equal(6, sound.Requests.Count);
        Assert.Contains(generator.Destinations.Reports, report => !report.Served);
        Assert.Equal(0, generator.Destinations.Busy);
    }

    [Fact]
    public async Task Nobody_listening_is_a_lost_connection()
    {
        using var nobody = new ClosedPort();
        using var generator = new GeneratorUnderTest([nobody.Address]);

        var failure = Assert.Single((await generator.RunAsync(1)).Failed).Exception;

        Assert.IsType<HttpRequestException>(failure.InnerException);
        Assert.Equal(3, generator.Destinations.Reports.Count); // two retries
        Assert.Equal(0, generator.Destinations.Busy);
    }

    [Fact]
    public async Task Silence_ends_with_the_attempts_time()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Next(Fault.Silence);
        using var generator = new GeneratorUnderTest(upstream, time: _time);
        var running = generator.RunAsync(1);
        await upstream.Arrived.ReachesAsync(1);

        _time.Advance(GeneratorUnderTest.Impatient.AttemptTimeout);

        Assert.Equal("good", Assert.Single((await running).Finished).Text);
        await upstream.Aborted.ReachesAsync(1);
    }

    [Fact]
    public async Task Silence_everywhere_ends_with_the_time_for_all_attempts()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Silence;
        using var generator = new GeneratorUnderTest(upstream, time: _time, options: GeneratorUnderTest.Impatient with { Retries = 16 });
        var running = generator.RunAsync(1);
        await upstream.Arrived.ReachesAsync(1);

        _time.Advance(GeneratorUnderTest.Impatient.TotalTimeout);

        Assert.Equal(FailureKind.TimedOut, Assert.Single((await running).Failed).Exception.Failure.Kind);
        Assert.Equal(0, generator.Destinations.Busy);
    }

    [Fact]
    public async Task Time_limits_end_at_the_headers()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("slow", "ly") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, time: _time);
        await using var generation = generator.Start(GeneratorUnderTest.Request(1));
        await using var events = generation.Events.GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await events.MoveNextAsync());

        _time.Advance(TimeSpan.FromHours(1));
        upstream.GoOn();

        Assert.True(await events.MoveNextAsync());
        Assert.True(await events.MoveNextAsync());
        var candidate = Assert.IsType<CandidateFinished>(events.Current).Candidate;
        Assert.Equal("slowly", candidate.Text);
        Assert.Equal(TimeSpan.FromHours(1), candidate.Latency);
    }

    [Fact]
    public async Task An_open_circuit_keeps_calls_away_from_its_destination_for_a_while()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Status(503);
        using var generator = new GeneratorUnderTest(
            upstream, time: _time, options: GeneratorUnderTest.Impatient with { Retries = 0, CircuitMinimumCalls = 3 });
        for (var i = 0; i < 3; i++)
        {
            await generator.RunAsync(1);
        }

        var failure = Assert.Single((await generator.RunAsync(1)).Failed).Exception;
        Assert.Equal(3, upstream.Requests.Count);
        Assert.Null(failure.Failure.Upstream);
        Assert.Null(failure.InnerException);
        Assert.Equal(GeneratorUnderTest.Impatient.CircuitBreak, failure.Failure.RetryAfter);

        upstream.Always = null;
        _time.Advance(GeneratorUnderTest.Impatient.CircuitBreak);
        Assert.Single((await generator.RunAsync(1)).Finished);
    }

    [Fact]
    public async Task A_circuit_is_open_for_one_destination_and_not_for_its_siblings()
    {
        await using var broken = await OpenAIUpstream.StartAsync("never");
        await using var sound = await OpenAIUpstream.StartAsync("good");
        broken.Always = Fault.Status(503);
        using var generator = new GeneratorUnderTest(
            [broken.Address, sound.Address],
            options: GeneratorUnderTest.Impatient with { Retries = 0, CircuitMinimumCalls = 2, CircuitBreak = TimeSpan.FromMinutes(5) });
        for (var i = 0; i < 4; i++)
        {
            await generator.RunAsync(1);
        }

        for (var i = 0; i < 4; i++)
        {
            Assert.Single((await generator.RunAsync(1)).Finished);
        }

        Assert.Equal(2, broken.Requests.Count);
    }

    [Fact]
    public async Task A_prompt_that_the_upstream_fails_at_keeps_nobody_else_away()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Status(500);
        using var generator = new GeneratorUnderTest(
            upstream, options: GeneratorUnderTest.Impatient with { Retries = 0, CircuitMinimumCalls = 2 });
        for (var i = 0; i < 6; i++)
        {
            await generator.RunAsync(1);
        }

        upstream.Always = null;
        Assert.Single((await generator.RunAsync(1)).Finished);
        Assert.Equal(7, upstream.Requests.Count);
    }

    [Fact]
    public async Task Being_told_to_slow_down_opens_no_circuit()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.TooManyRequests("60");
        using var generator = new GeneratorUnderTest(upstream, options: GeneratorUnderTest.Impatient with { CircuitMinimumCalls = 2 });
        for (var i = 0; i < 4; i++)
        {
            await generator.RunAsync(1);
        }

        Assert.Equal(4, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("0", 2)]
    [InlineData("11", 1)]
    [InlineData("Fri, 01 Jan 2100 00:00:00 GMT", 1)]
    [InlineData("Thu, 01 Jan 2015 00:00:00 GMT", 2)]
    public async Task Retry_after_is_heeded_up_to_the_longest_pause(string retryAfter, int calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Next(Fault.TooManyRequests(retryAfter));
        using var generator = new GeneratorUnderTest(
            upstream, options: GeneratorUnderTest.Impatient with { RetryDelay = TimeSpan.FromMinutes(1) });

        var outcome = await generator.RunAsync(1);

        Assert.Equal(calls, upstream.Requests.Count);
        Assert.Equal(calls - 1, outcome.Finished.Count);
    }

    /// <summary>Sees the pause before a retry: the one timer that is shorter than any time limit.</summary>
    private sealed class PauseWatchingTime(TimeSpan longest) : FakeTimeProvider
    {
        private readonly TaskCompletionSource<TimeSpan> _pause = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TimeSpan> Pause => _pause.Task.WaitAsync(TimeSpan.FromMinutes(1));

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.Zero && dueTime <= longest)
            {
                _pause.TrySetResult(dueTime);
            }

            return timer;
        }
    }
}
