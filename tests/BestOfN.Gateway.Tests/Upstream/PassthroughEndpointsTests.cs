using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Upstream;

public sealed class PassthroughEndpointsTests
{
    private static readonly (string, string)[] _route = [("Routes:all:ClusterId", "c"), ("Routes:all:Match:Path", "/v1/{**rest}")];

    [Fact]
    public async Task Any_other_route_reaches_the_upstream_as_it_is()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address], _route);

        var response = await host.Client.PostAsync(
            "/v1/embeddings?x=1", JsonContent.Create(new { input = "é" }), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var request = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/embeddings?x=1", request.Path);
        Assert.Equal("é", request.Json.GetProperty("input").GetString());
    }

    [Fact]
    public async Task The_clients_credentials_stay_here_and_it_names_no_host()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address], _route);

        using var request = RequestWithCredentials();
        request.Headers.Host = "evil.example";
        await host.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var headers = Assert.Single(upstream.Requests).Headers;
        Assert.False(headers.ContainsKey("Authorization"));
        Assert.False(headers.ContainsKey("Cookie"));
        Assert.False(headers.ContainsKey("X-Api-Key"));
        Assert.Equal(upstream.Address.Authority, headers["Host"]);
    }

    [Fact]
    public async Task The_gateways_own_key_takes_their_place()
    {
        Environment.SetEnvironmentVariable("BESTOFN_TEST_KEY_PASSTHROUGH", "sk-2");
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address],
            [.. _route, ("Clusters:c:Metadata:ApiKeyVariable", "BESTOFN_TEST_KEY_PASSTHROUGH"),
                ("Clusters:c:Metadata:ForwardAuthorization", "true")]);

        using var request = RequestWithCredentials();
        await host.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("Bearer sk-2", Assert.Single(upstream.Requests).Headers["Authorization"]);
    }

    [Fact]
    public async Task The_clients_authorization_goes_upstream_only_where_configured()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var host = await UpstreamHost.BeforeAsync(
            [upstream.Address], [.. _route, ("Clusters:c:Metadata:ForwardAuthorization", "true")]);

        using var request = RequestWithCredentials();
        await host.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal("Bearer mine", Assert.Single(upstream.Requests).Headers["Authorization"]);
    }

    [Fact]
    public async Task Which_web_pages_may_call_is_not_the_upstreams_to_say()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.AllowingEveryPage;
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address], _route);

        var response = await host.Client.GetAsync(new Uri("/v1/files", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task An_error_of_the_upstream_is_passed_on_as_it_is()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.TooManyRequests("7");
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address], _route);

        var response = await host.Client.GetAsync(new Uri("/v1/files", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter?.Delta);
        Assert.Equal("Slow down", (await ErrorOf(response)).GetProperty("message").GetString());
    }

    [Fact]
    public async Task An_upstream_that_is_not_there_is_502_in_the_envelope()
    {
        using var nobody = new ClosedPort();
        await using var host = await UpstreamHost.BeforeAsync([nobody.Address], _route);

        await AssertError(host, HttpStatusCode.BadGateway, "upstream_failed");
    }

    [Fact]
    public async Task An_upstream_that_says_nothing_is_504_in_the_envelope()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Silence;
        await using var host = await UpstreamHost.BeforeAsync(
            [upstream.Address], [.. _route, ("Clusters:c:HttpRequest:ActivityTimeout", "00:00:00.300")]);

        await AssertError(host, HttpStatusCode.GatewayTimeout, "upstream_timeout");
    }

    [Fact]
    public async Task A_cluster_without_destinations_is_503_in_the_envelope()
    {
        await using var host = await UpstreamHost.StartAsync([.. _route, ("Clusters:c:LoadBalancingPolicy", "RoundRobin")]);

        await AssertError(host, HttpStatusCode.ServiceUnavailable, "upstream_unavailable");
        using var response = await host.Client.GetAsync(new Uri("/v1/files", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task A_client_that_hangs_up_ends_the_upstreams_work()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        upstream.Always = Fault.Silence;
        await using var host = await UpstreamHost.BeforeAsync([upstream.Address], _route);
        using var client = new CancellationTokenSource();

        var call = host.Client.GetAsync(new Uri("/v1/files", UriKind.Relative), client.Token);
        await upstream.Arrived.ReachesAsync(1);
        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await upstream.Aborted.ReachesAsync(1);
    }

    private static HttpRequestMessage RequestWithCredentials() => new(HttpMethod.Get, new Uri("/v1/files", UriKind.Relative))
    {
        Headers = { { "Cookie", "a=b" }, { "X-Api-Key", "mine" },
            { "Authorization", new AuthenticationHeaderValue("Bearer", "mine").ToString() } },
    };

    private static async Task AssertError(UpstreamHost host, HttpStatusCode status, string code)
    {
        var response = await host.Client.GetAsync(new Uri("/v1/files", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var error = await ErrorOf(response);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(property => property.Name));
    }

    private static async Task<JsonElement> ErrorOf(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("error");
}
