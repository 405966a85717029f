using System.Collections.Concurrent;
using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Protocols.Rewards;
using BestOfN.Protocols.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BestOfN.Protocols.Tests.Rewards;

public sealed class RewardServerTests : IAsyncDisposable
{
    private static readonly UpstreamOptions s_brief = new()
    {
        AttemptTimeout = TimeSpan.FromSeconds(2), Retries = 3, RetryDelay = TimeSpan.FromMilliseconds(10),
        MaxRetryDelay = TimeSpan.FromMilliseconds(20), CircuitMinimumCalls = 10_000,
    };

    private static readonly Prompt s_prompt = new([new ChatMessage("user", "2 + 2?")]);

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<int> _working = new();
    private int _now;

    public RewardServerTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
    }

    [Fact]
    public async Task A_server_that_is_away_for_a_moment_is_waited_for()
    {
        var calls = 0;
        using var server = await StartAsync(context => Interlocked.Increment(ref calls) <= 3 ? Status(context, 503) : Reward(context, 1.5));
        Assert.Equal([1.5], await ScoreAsync(server, 1));
    }

    [Fact]
    public async Task One_call_without_an_answer_fails_all_answers_of_its_prompt()
    {
        var calls = 0;
        using var server = await StartAsync(context => Interlocked.Increment(ref calls) == 1 ? Reward(context, 1) : Status(context, 401));
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(server, 4));
        Assert.True(failure.IsOutage);
    }

    [Theory]
    [InlineData(400, false)]
    [InlineData(500, false)]     // the text may be to blame
    [InlineData(401, true)]
    [InlineData(404, true)]
    [InlineData(503, true)]
    public async Task What_would_fail_every_prompt_is_an_outage(int status, bool isOutage)
    {
        using var server = await StartAsync(context => Status(context, status));
        Assert.Equal(isOutage, (await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(server, 1))).IsOutage);
    }

    [Fact]
    public async Task Calls_wait_for_their_turn_and_the_wait_takes_none_of_their_time()
    {
        using var server = await StartAsync(
            async context =>
            {
                _working.Enqueue(Interlocked.Increment(ref _now));
                await Task.Delay(300, context.RequestAborted);
                Interlocked.Decrement(ref _now);
                await Reward(context, 1);
            },
            connections: 2);
        Assert.Equal(Enumerable.Repeat(1.0, 20), await ScoreAsync(server, 20));     // three seconds in all
        Assert.All(_working, working => Assert.InRange(working, 1, 2));
    }

    [Fact]
    public async Task A_server_that_stalls_behind_its_headers_is_given_up()
    {
        using var server = await StartAsync(
            async context =>
            {
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("{\"data\":", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(server, 1));
        Assert.Equal(FailureKind.TimedOut, failure.Failure.Kind);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_the_key_goes_nowhere_else()
    {
        var elsewhere = 0;
        using var server = await StartAsync(context =>
        {
            if (context.Request.Path == "/elsewhere")
            {
                elsewhere++;
            }

            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        });
        await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(server, 1));
        Assert.Equal(0, elsewhere);
    }

    [Theory]
    [InlineData("http://localhost:8000/v1/", true)]
    [InlineData("https://judge.example", true)]
    [InlineData("http://user:secret@localhost", false)]
    [InlineData("http://localhost?key=secret", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("localhost:8000", false)]
    [InlineData("", false)]
    public void An_address_holds_no_secret(string text, bool isGood) => Assert.Equal(isGood, ServerAddress.TryRead(text, out _));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task Status(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = new { message = "no" } });
    }

    private static Task Reward(HttpContext context, double value) =>
        context.Response.WriteAsJsonAsync(new { data = new[] { new { index = 0, probs = new[] { value } } } });

    private static async Task<IEnumerable<double>> ScoreAsync(RewardServer server, int answers)
    {
        await using var session = server.Begin(s_prompt);
        var scores = await session.ScoreAsync(
            [.. Enumerable.Range(0, answers).Select(i => new Answer(i, $"{i}"))], TestContext.Current.CancellationToken);
        return scores.Select(score => score!.Value.Value);
    }

    private async Task<RewardServer> StartAsync(RequestDelegate answer, int connections = 16)
    {
        _app.Run(answer);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        return new RewardServer(
            new Uri(_app.Urls.Single()), new VllmMessagesProtocol(), apiKey: "secret", connections: connections, options: s_brief);
    }
}
