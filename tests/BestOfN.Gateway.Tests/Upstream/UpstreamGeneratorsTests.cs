using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Gateway.Upstream;
using BestOfN.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BestOfN.Gateway.Tests.Upstream;

public sealed class UpstreamGeneratorsTests
{
    [Fact]
    public async Task The_clusters_policy_spreads_the_calls()
    {
        await using var one = await OpenAIUpstream.StartAsync("one");
        await using var two = await OpenAIUpstream.StartAsync("two");
        await using var host = await UpstreamHost.BeforeAsync([one.Address, two.Address],
            ("Clusters:c:LoadBalancingPolicy", "RoundRobin"), ("Clusters:c:Metadata:Choices", "multiple"));

        await host.GenerateAsync(6);

        Assert.Equal(3, one.Requests.Count);
        Assert.Equal(3, two.Requests.Count);
    }

    [Fact]
    public async Task Running_calls_are_counted_so_that_least_requests_sees_them()
    {
        await using var one = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("one") with { HangsAfter = 0 });
        await using var two = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("two") with { HangsAfter = 0 });
        await using var host = await UpstreamHost.BeforeAsync([one.Address, two.Address],
            ("Clusters:c:LoadBalancingPolicy", "LeastRequests"), ("Clusters:c:Metadata:Choices", "multiple"));

        await using (host.Start(4))
        {
            await one.Hung.ReachesAsync(2);
            await two.Hung.ReachesAsync(2);
            Assert.Equal((2, 2), (host.Busy("d0"), host.Busy("d1")));
        }

        Assert.Equal((0, 0), (host.Busy("d0"), host.Busy("d1")));
    }

    [Fact]
    public async Task Lost_calls_are_reported_to_passive_health_checks()
    {
        await using var sound = await OpenAIUpstream.StartAsync("good");
        using var nobody = new ClosedPort();
        await using var host = await UpstreamHost.BeforeAsync([nobody.Address, sound.Address],
            ("Clusters:c:LoadBalancingPolicy", "FirstAlphabetical"),
            ("Clusters:c:HealthCheck:Passive:Enabled", "true"), ("Clusters:c:HealthCheck:Passive:ReactivationPeriod", "00:10:00"),
            ("Clusters:c:Metadata:TransportFailureRateHealthPolicy.RateLimit", "0.5"), ("/Upstreams:CircuitMinimumCalls", "10000"));

        for (var i = 0; i < 12; i++)
        {
            Assert.Single((await host.GenerateAsync()).OfType<CandidateFinished>());
        }

        Assert.True(host.Services.GetRequiredService<Yarp.ReverseProxy.IProxyStateLookup>().TryGetCluster("c", out var cluster));
        Assert.Equal("d1", Assert.Single(cluster.DestinationsState.AvailableDestinations).DestinationId);
    }

    [Fact]
    public async Task Active_health_checks_take_a_destination_out_and_readiness_tells_of_a_cluster_without_any()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.IsReady = false;
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address],
            ("Clusters:c:HealthCheck:Active:Enabled", "true"), ("Clusters:c:HealthCheck:Active:Interval", "00:00:00.050"),
            ("Clusters:c:HealthCheck:Active:Path", "/v1/models"));
        await upstream.Probed.ReachesAsync(5); // two failures in a row are the default threshold

        var failed = Assert.Single((await host.GenerateAsync()).OfType<CandidateFailed>());
        Assert.Equal(FailureKind.Unavailable, failed.Exception.Failure.Kind);
        Assert.True(failed.Exception.Failure.RetryAfter > TimeSpan.Zero);
        Assert.Empty(upstream.Requests);
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Unhealthy, health.Entries["upstreams"].Status);

        upstream.IsReady = true;
        await upstream.Probed.ReachesAsync(upstream.Probed.Count + 3);
        Assert.Single((await host.GenerateAsync()).OfType<CandidateFinished>());
        health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Healthy, health.Entries["upstreams"].Status);
    }

    [Fact]
    public async Task Destinations_that_their_policy_calls_although_none_is_healthy_are_not_ready()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.IsReady = false;
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address],
            ("Clusters:c:HealthCheck:Active:Enabled", "true"), ("Clusters:c:HealthCheck:Active:Interval", "00:00:00.050"),
            ("Clusters:c:HealthCheck:Active:Path", "/v1/models"), ("Clusters:c:HealthCheck:AvailableDestinationsPolicy", "HealthyOrPanic"));
        await upstream.Probed.ReachesAsync(5);

        Assert.Single((await host.GenerateAsync()).OfType<CandidateFinished>());
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Unhealthy, health.Entries["upstreams"].Status);
    }

    [Fact]
    public async Task Health_checks_show_the_upstreams_key()
    {
        Environment.SetEnvironmentVariable("BESTOFN_TEST_KEY_PROBE", "sk-2");
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync(
            [upstream.Address], ("Clusters:c:Metadata:ApiKeyVariable", "BESTOFN_TEST_KEY_PROBE"),
            ("Clusters:c:HealthCheck:Active:Enabled", "true"), ("Clusters:c:HealthCheck:Active:Path", "/v1/models"));
        await upstream.Probed.ReachesAsync(1);
        Assert.Equal("Bearer sk-2", upstream.ProbedWith);
    }

    [Fact]
    public async Task The_key_comes_from_the_environment()
    {
        Environment.SetEnvironmentVariable("BESTOFN_TEST_KEY_GENERATOR", "sk-1");
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync(
            [upstream.Address], ("Clusters:c:Metadata:ApiKeyVariable", "BESTOFN_TEST_KEY_GENERATOR"));

        await host.GenerateAsync();

        var headers = Assert.Single(upstream.Requests).Headers;
        Assert.Equal("Bearer sk-1", headers["Authorization"]);
        Assert.Equal(upstream.Address.Authority, headers["Host"]);
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_cookies_not_kept()
    {
        await using var elsewhere = await OpenAIUpstream.StartAsync("stolen");
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Next(Fault.RedirectTo(new Uri(elsewhere.Address, "/v1/chat/completions")));
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address]);

        Assert.Single((await host.GenerateAsync()).OfType<CandidateFailed>());
        Assert.Single((await host.GenerateAsync()).OfType<CandidateFinished>());

        Assert.Empty(elsewhere.Requests);
        Assert.False(upstream.Requests[1].Headers.ContainsKey("Cookie"));
    }

    [Theory]
    [InlineData("single", 1)]
    [InlineData("multiple", 3)]
    [InlineData("auto", 1)]
    public async Task Metadata_says_how_n_candidates_are_asked_for(string choices, int calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address], ("Clusters:c:Metadata:Choices", choices));

        await host.GenerateAsync(3);

        Assert.Equal(calls, upstream.Requests.Count);
    }

    [Fact]
    public async Task All_that_is_wrong_with_the_clusters_is_said_at_start()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => UpstreamHost.BeforeAsync([new Uri("http://127.0.0.1:1")],
            ("Clusters:c:Metadata:Choices", "sometimes"), ("Clusters:c:Metadata:ApiKeyVariable", "BESTOFN_TEST_UNSET"),
            ("Clusters:c:Metadata:ForwardAuthorization", "maybe"), ("Clusters:c:LoadBalancingPolicy", "Nonsense")));

        var text = error.ToString();
        Assert.Contains("ReverseProxy:Clusters:c:Metadata:Choices: 'sometimes'", text, StringComparison.Ordinal);
        Assert.Contains("'BESTOFN_TEST_UNSET', which is not set", text, StringComparison.Ordinal);
        Assert.Contains("ReverseProxy:Clusters:c:Metadata:ForwardAuthorization: 'maybe'", text, StringComparison.Ordinal);
        Assert.Contains("Nonsense", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gateways_own_keys_are_not_sent_upstream()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => UpstreamHost.BeforeAsync(
            [new Uri("http://127.0.0.1:1")], ("/BESTOFN_API_KEYS", "mine"), ("Clusters:c:Metadata:ForwardAuthorization", "true")));
        Assert.Contains("would send the keys of BESTOFN_API_KEYS", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_out_of_range_are_told()
    {
        await using var host = await UpstreamHost.StartAsync(
            ("/Upstreams:Retries", "99"), ("/Upstreams:TotalTimeout", "00:00:10"), ("/Upstreams:AttemptTimeout", "00:00:20"));
        var problems = new UpstreamOptionsCheck().Problems(host.Services.GetRequiredService<IConfiguration>()).ToList();

        Assert.Equal(2, problems.Count);
        Assert.StartsWith("Upstreams:Retries: ", problems[0], StringComparison.Ordinal);
        Assert.Equal("Upstreams:AttemptTimeout: 00:00:20 is longer than TotalTimeout, 00:00:10.", problems[1]);
    }

    [Fact]
    public async Task An_unknown_cluster_is_an_error_of_configuration()
    {
        await using var host = await UpstreamHost.StartAsync();

        Assert.Throws<InvalidOperationException>(() => host.Generators.For("c"));
    }
}
