using System.Net;
using System.Text;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Protocols.OpenAI;
using BestOfN.Testing.Upstream;

namespace BestOfN.Protocols.Tests.OpenAI;

public sealed class FailureTests
{
    public static TheoryData<ChoiceCalls> BothWays => [ChoiceCalls.SingleCall, ChoiceCalls.MultipleCalls];

    [Fact]
    public async Task A_stream_that_ends_without_a_finish_reason_loses_the_candidate_and_not_its_siblings()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("good"), ScriptedAnswer.Saying("half", " of it") with { EndsAfter = 1 }, ScriptedAnswer.Saying("fine"));
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.MultipleCalls);

        var outcome = await generator.RunAsync(3, seed: 0);

        Assert.Equal(["good", "fine"], outcome.Finished.Select(c => c.Text));
        var failed = Assert.Single(outcome.Failed);
        Assert.Equal(1, failed.Index);
        Assert.Equal("The upstream's stream ended in the middle of the answer.", failed.Exception.Message);
    }

    [Fact]
    public async Task In_one_call_the_choices_that_were_complete_outlive_the_lost_stream()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("short"), ScriptedAnswer.Saying("much", " longer", " than") with { BreaksAfter = 3 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        var outcome = await generator.RunAsync(2, seed: 0);

        Assert.Equal("short", Assert.Single(outcome.Finished).Text);
        var failed = Assert.Single(outcome.Failed);
        Assert.Equal(1, failed.Index);
        Assert.Equal(FailureKind.Upstream, failed.Exception.Failure.Kind);
        Assert.Contains(generator.Destinations.Reports, report => !report.Served);
    }

    public static TheoryData<string> Lies => ["body", "event", "json", "html"];

    [Theory, MemberData(nameof(Lies))]
    public async Task Status_200_without_an_answer_is_a_failure(string lie)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Next(lie switch
        {
            "body" => Fault.ErrorWithStatus200,
            "event" => Fault.ErrorEvent,
            "json" => Fault.BrokenJson,
            _ => Fault.Html,
        });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.MultipleCalls);

        var outcome = await generator.RunAsync(3);

        Assert.Equal(2, outcome.Finished.Count);
        var failure = Assert.Single(outcome.Failed).Exception;
        if (lie is "body" or "event")
        {
            Assert.Equal("The model crashed", failure.Message);
            Assert.Equal(503, failure.Failure.Upstream?.Status);
        }
        else
        {
            Assert.Null(failure.Failure.Upstream);
        }
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task The_clients_own_fault_is_passed_on_and_not_retried(int status)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Status(status, "Too long");
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.MultipleCalls);

        var outcome = await generator.RunAsync(3);

        Assert.Equal(3, outcome.Failed.Count);
        Assert.All(outcome.Failed, failed =>
        {
            Assert.Equal(status, failed.Exception.Failure.Upstream?.Status);
            Assert.Equal(
                """{"error":{"message":"Too long","type":"server_error","param":null,"code":null}}""",
                Encoding.UTF8.GetString(failed.Exception.Failure.Upstream!.Body.Span));
        });
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Refused_credentials_are_the_gateways_and_are_not_quoted(int status)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Status(status, "Incorrect API key: sk-secret");
        using var generator = new GeneratorUnderTest(upstream);

        var failure = Assert.Single((await generator.RunAsync(1)).Failed).Exception;

        Assert.Equal(FailureKind.Unavailable, failure.Failure.Kind);
        Assert.Null(failure.Failure.Upstream);
        Assert.DoesNotContain("sk-secret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_to_call_is_a_failure_without_a_cause()
    {
        using var generator = new GeneratorUnderTest(addresses: []);

        var outcome = await generator.RunAsync(2);

        Assert.All(outcome.Failed, failed => Assert.Null(failed.Exception.InnerException));
        Assert.Equal(2, outcome.Failed.Count);
    }

    [Theory, MemberData(nameof(BothWays))]
    public async Task A_client_that_hangs_up_closes_every_upstream_call(ChoiceCalls calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("some", " more") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, calls);
        using var client = new CancellationTokenSource();
        await using var generation = generator.Start(GeneratorUnderTest.Request(4), client.Token);
        await upstream.Hung.ReachesAsync(4);

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await generation.Events.ToListAsync(CancellationToken.None));
        await upstream.Aborted.ReachesAsync(calls is ChoiceCalls.SingleCall ? 1 : 4);
        await generation.DisposeAsync();
        Assert.Equal(0, generator.Destinations.Busy);
    }

    [Theory, MemberData(nameof(BothWays))]
    public async Task Disposing_closes_every_upstream_call(ChoiceCalls calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("some", " more") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, calls);
        var generation = generator.Start(GeneratorUnderTest.Request(4));
        await upstream.Hung.ReachesAsync(4);

        await generation.DisposeAsync();

        await upstream.Aborted.ReachesAsync(calls is ChoiceCalls.SingleCall ? 1 : 4);
        Assert.Equal(0, generator.Destinations.Busy);
        Assert.DoesNotContain(
            await generation.Events.ToListAsync(TestContext.Current.CancellationToken), e => e is CandidateFailed or CandidateFinished);
    }

    [Fact]
    public async Task Cancelling_one_candidate_closes_its_call_alone()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("some", " more") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.MultipleCalls);
        await using var generation = generator.Start(GeneratorUnderTest.Request(3));
        await upstream.Hung.ReachesAsync(3);

        generation.Cancel(1);
        generation.Cancel(1);
        await upstream.Aborted.ReachesAsync(1);
        upstream.GoOn();
        var events = await generation.Events.ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal([0, 2], events.OfType<CandidateFinished>().Select(e => e.Candidate.Index).Order());
        Assert.Empty(events.OfType<CandidateFailed>());
        Assert.Equal(1, upstream.Aborted.Count);
    }

    [Fact]
    public async Task A_candidate_cancelled_in_a_shared_call_says_nothing_more_and_the_last_closes_the_call()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("some", " more") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);
        await using var generation = generator.Start(GeneratorUnderTest.Request(2));
        await upstream.Hung.ReachesAsync(2);

        generation.Cancel(0);
        Assert.Equal(0, upstream.Aborted.Count);
        generation.Cancel(1);

        await upstream.Aborted.ReachesAsync(1);
        var events = await generation.Events.ToListAsync(TestContext.Current.CancellationToken);
        Assert.All(events, e => Assert.IsType<CandidateDelta>(e));
    }

    [Fact]
    public async Task The_sibling_of_a_cancelled_candidate_finishes_in_the_shared_call()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("some", " more") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);
        await using var generation = generator.Start(GeneratorUnderTest.Request(2));
        await upstream.Hung.ReachesAsync(2);

        generation.Cancel(0);
        upstream.GoOn();
        var events = await generation.Events.ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, Assert.Single(events.OfType<CandidateFinished>()).Candidate.Index);
        Assert.DoesNotContain(events, e => e is CandidateDelta { Index: 0, Text: " more" });
    }

    [Fact]
    public async Task A_candidate_that_hangs_does_not_hold_back_its_siblings()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("good"), ScriptedAnswer.Saying("stuck") with { HangsAfter = 0 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.MultipleCalls);
        await using var generation = generator.Start(GeneratorUnderTest.Request(2, seed: 0));

        var finished = await generation.Events.OfType<CandidateFinished>().FirstAsync(TestContext.Current.CancellationToken);

        Assert.Equal("good", finished.Candidate.Text);
    }

    [Theory]
    [InlineData("60", "")]
    [InlineData("60.0", "")]
    [InlineData("", "60000")]
    public async Task The_retry_after_of_an_upstream_is_passed_on(string seconds, string milliseconds)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.TooManyRequests(seconds, milliseconds);
        using var generator = new GeneratorUnderTest(upstream);

        var failure = Assert.Single((await generator.RunAsync(1)).Failed).Exception;

        Assert.Equal((int)HttpStatusCode.TooManyRequests, failure.Failure.Upstream?.Status);
        Assert.Equal(TimeSpan.FromSeconds(60), failure.Failure.RetryAfter);
        Assert.Single(upstream.Requests); // longer than MaxRetryDelay: not asked again
    }
}
