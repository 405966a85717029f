using System.Net;
using BestOfN.Gateway.Shutdown;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BestOfN.Gateway.Tests.Shutdown;

public sealed class DrainingTests
{
    [Fact]
    public async Task After_SIGTERM_the_gateway_is_not_ready_but_still_answers_for_a_while()
    {
        var time = new WatchedTime();
        await using var gateway = new TestGateway(time: time, settings: ("BestOfN:ShutdownDelay", "00:00:13"));
        await gateway.ChatAsync().JsonAsync();
        Draining(gateway).Terminate();
        var stopping = Draining(gateway).StoppingAsync(CancellationToken.None);
        await time.WaitsForAsync(TimeSpan.FromSeconds(13));

        using var ready = await gateway.RawClient.GetAsync("/readyz", TestGateway.Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        await gateway.ChatAsync().JsonAsync();
        Assert.False(stopping.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(13));
        await stopping;
    }

    [Fact]
    public async Task What_outlives_the_limit_ends_with_an_error_and_a_stream_with_an_event()
    {
        var time = new WatchedTime();
        var generator = FakeGenerator.Answering("a").ThenHanging("partly");
        await using var gateway = new TestGateway(
            generator, time: time, settings: [("BestOfN:TimeBudget", "00:10:00"), ("BestOfN:ShutdownTimeout", "00:00:13")]);
        var whole = gateway.ChatAsync("\"best_of_n\":2");
        await generator.Hung.WaitAsync(TestGateway.Cancellation);
        var sending = gateway.SendStreamAsync("\"best_of_n\":2");
        await time.WaitsForAsync(TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(2));
        var stream = await sending;

        await Draining(gateway).StoppingAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(13));

        Assert.Equal("shutting_down", (string?)(await whole.ErrorAsync(HttpStatusCode.ServiceUnavailable))["code"]);
        var events = await Task.FromResult(stream).EventsAsync();
        Assert.Equal("error", events[^1].EventType);
        Assert.Contains("shutting_down", events[^1].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_waits_longer_than_the_gateway_gives_its_requests()
    {
        await using var gateway = new TestGateway(settings: [("BestOfN:TimeBudget", "00:05:00"), ("BestOfN:ShutdownDelay", "00:00:07")]);
        await gateway.ChatAsync().JsonAsync();
        Assert.Equal(
            TimeSpan.FromSeconds(300 + 30 + 7 + 10),
            gateway.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    private static Draining Draining(TestGateway gateway) => gateway.Services.GetRequiredService<Draining>();
}
