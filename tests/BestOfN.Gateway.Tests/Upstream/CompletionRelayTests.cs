using System.Net;
using System.Text;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Testing.Upstream;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy;

namespace BestOfN.Gateway.Tests.Upstream;

/// <summary>The older completions route of a model behind a cluster of two destinations, <c>d0</c> and <c>d1</c>.</summary>
public sealed class CompletionRelayTests
{
    [Fact]
    public async Task The_clusters_policy_spreads_the_calls()
    {
        await using var one = await OpenAIUpstream.StartAsync("unused");
        await using var two = await OpenAIUpstream.StartAsync("unused");
        await using var gateway = Before(one.Address, two.Address, ("LoadBalancingPolicy", "RoundRobin"));

        for (var i = 0; i < 4; i++)
        {
            await AskAsync(gateway).JsonAsync();
        }

        Assert.Equal((2, 2), (one.Requests.Count, two.Requests.Count));
    }

    [Fact]
    public async Task Running_calls_are_counted_until_they_end()
    {
        await using var one = await OpenAIUpstream.StartAsync("unused");
        await using var two = await OpenAIUpstream.StartAsync("unused");
        await using var gateway = Before(one.Address, two.Address, ("LoadBalancingPolicy", "LeastRequests"));
        using var client = new CancellationTokenSource();
        one.Always = Fault.Silence;

        var hanging = AskUntilAsync(gateway, client.Token);
        await one.Arrived.ReachesAsync(1);
        Assert.Equal(1, Destination(gateway, "d0").ConcurrentRequestCount);
        await AskAsync(gateway).JsonAsync();
        await AskAsync(gateway).JsonAsync();
        Assert.Equal((1, 2), (one.Requests.Count, two.Requests.Count));

        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        await one.Aborted.ReachesAsync(1);
        Assert.True(SpinWait.SpinUntil(() => Destination(gateway, "d0").ConcurrentRequestCount == 0, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task A_destination_that_cannot_be_reached_is_passed_over_and_reported_to_passive_health_checks()
    {
        await using var sound = await OpenAIUpstream.StartAsync("unused");
        using var nobody = new ClosedPort();
        await using var gateway = Before(
            nobody.Address, sound.Address, ("LoadBalancingPolicy", "FirstAlphabetical"), ("HealthCheck:Passive:Enabled", "true"),
            ("HealthCheck:Passive:ReactivationPeriod", "00:10:00"), ("Metadata:TransportFailureRateHealthPolicy.RateLimit", "0.5"));

        for (var i = 0; i < 12; i++)
        {
            await AskAsync(gateway).JsonAsync();
        }

        Assert.Equal(12, sound.Requests.Count);
        Assert.Equal(["d1"], Cluster(gateway).DestinationsState.AvailableDestinations.Select(destination => destination.DestinationId));
    }

    [Fact]
    public async Task Where_nobody_can_be_reached_the_error_is_in_the_envelope()
    {
        using var nobody = new ClosedPort();
        using var noneElse = new ClosedPort();
        await using var gateway = Before(nobody.Address, noneElse.Address);
        await AskAsync(gateway).ErrorAsync(HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task The_host_that_the_client_named_stays_here()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        await using var gateway = Before(upstream.Address, upstream.Address);
        await AskAsync(gateway).JsonAsync();
        Assert.Equal(upstream.Address.Authority, Assert.Single(upstream.Requests).Headers["Host"]);
    }

    [Fact]
    public async Task An_alias_that_asks_for_candidates_is_refused_rather_than_lost()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        await using var gateway = Before(upstream.Address, upstream.Address);
        var error = await AskUntilAsync(gateway, TestGateway.Cancellation, "remote@4").ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal("model", (string?)error["param"]);
        await AskUntilAsync(gateway, TestGateway.Cancellation, "remote@1").JsonAsync();
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_selection_that_is_asked_for_otherwise_is_refused_too_and_one_candidate_is_none()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        await using var gateway = Before(upstream.Address, upstream.Address);
        foreach (var (fields, header, param) in new[]
            {
                (",\"best_of_n\":4", null, "best_of_n"), (",\"best_of_n\":{\"n\":2}", null, "best_of_n"),
                (",\"best_of_n\":{\"return\":\"scores\"}", null, "best_of_n"),
                (",\"best_of_n\":{\"unknown\":1}", null, "best_of_n.unknown"), ("", "4", "X-Best-Of-N"), ("", "many", "X-Best-Of-N"),
            })
        {
            Assert.Equal(param, (string?)(await PostAsync(fields, header).ErrorAsync(HttpStatusCode.BadRequest))["param"]);
        }

        Assert.Empty(upstream.Requests);
        await PostAsync(",\"best_of_n\":1,\"best_of\":3", "1").JsonAsync();
        Assert.DoesNotContain("best_of_n", Assert.Single(upstream.Requests).Body, StringComparison.Ordinal);
        Assert.Equal(3, upstream.Requests[0].Json.GetProperty("best_of").GetInt32());

        async Task<HttpResponseMessage> PostAsync(string fields, string? header)
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Endpoint}/completions")
            {
                Content = TestGateway.Json($$"""{"model":"remote","prompt":"a"{{fields}}}"""),
            };
            if (header is not null)
            {
                request.Headers.Add("X-Best-Of-N", header);
            }

            return await http.SendAsync(request, TestGateway.Cancellation);
        }
    }

    private static SocketGateway Before(Uri one, Uri two, params (string Setting, string Value)[] cluster) => new(null,
    [
        ("BestOfN:Models:remote:Generator", "upstream"), ("BestOfN:Models:remote:Cluster", "c"),
        ("BestOfN:Models:remote:RewardModel", "pocket-reward"),
        ("ReverseProxy:Clusters:c:Destinations:d0:Address", one.ToString()),
        ("ReverseProxy:Clusters:c:Destinations:d1:Address", two.ToString()),
        .. cluster.Select(each => ($"ReverseProxy:Clusters:c:{each.Setting}", each.Value)),
    ]);

    private static Task<HttpResponseMessage> AskAsync(SocketGateway gateway) => AskUntilAsync(gateway, TestGateway.Cancellation);

    private static async Task<HttpResponseMessage> AskUntilAsync(
        SocketGateway gateway, CancellationToken cancellationToken, string model = "remote")
    {
        using var http = new HttpClient();
        using var content = new StringContent($$"""{"model":"{{model}}","prompt":"2 + 2 ="}""", Encoding.UTF8, "application/json");
        return await http.PostAsync(new Uri($"{gateway.Endpoint}/completions"), content, cancellationToken);
    }

    private static Yarp.ReverseProxy.Model.ClusterState Cluster(SocketGateway gateway)
    {
        Assert.True(gateway.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("c", out var cluster));
        return cluster;
    }

    private static Yarp.ReverseProxy.Model.DestinationState Destination(SocketGateway gateway, string name) =>
        Cluster(gateway).Destinations[name];
}
