using System.Net;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Gateway.Access;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Access;

/// <summary>With a route that passes everything through.</summary>
public sealed class PathTests
{
    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1//chat/completions")]
    [InlineData("//v1/chat//completions")]
    [InlineData("/v1/v1/chat/completions")]
    [InlineData("//v1//V1/v1/chat/completions")]
    [InlineData("/V1/Chat/Completions")]
    [InlineData("/v1/chat/completions/")]
    [InlineData("/v1/./chat/completions")]
    [InlineData("/v1/x/../chat/completions")]
    [InlineData("/v1/%2e/chat/completions")]
    [InlineData("/v1/x/%2E%2e/chat/completions")]
    [InlineData("/v1/%63hat/completions")]
    public async Task Slips_in_a_path_still_reach_best_of_n(string target)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two");
        await using var gateway = Before(upstream);
        var answer = await RawHttp.PostAsync(gateway.Endpoint, target, TestGateway.Chat("\"best_of_n\":2", "remote"));
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("X-Best-Of-N: requested=2", answer, StringComparison.Ordinal);
        Assert.All(upstream.Requests, request => Assert.Equal("/v1/chat/completions", request.Path));
    }

    [Theory]
    [InlineData("/v1%2Fchat%2Fcompletions")]
    [InlineData("/v1/chat%2fcompletions")]
    [InlineData("/v1%252Fchat/completions")]
    [InlineData("/%2Fv1/chat/completions")]
    [InlineData("/v1/chat/completions%2F")]
    [InlineData("/v1/chat/completions%20")]
    [InlineData("/v1/chat/completions;a=b")]
    [InlineData("/v1/chat/completions%3Fa=b")]
    [InlineData("/v1/x/%252e%252e/chat/completions")]
    [InlineData("/v1/%5Cchat%5Ccompletions")]
    [InlineData("/chat/completions")]
    [InlineData("/v1/v1%2Fcompletions")]
    [InlineData("/%76%31%2Fcompletions")]
    [InlineData("/completions")]
    public async Task A_path_that_an_upstream_might_understand_is_not_passed_on(string target)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one");
        await using var gateway = Before(upstream);
        var answer = await RawHttp.PostAsync(gateway.Endpoint, target, TestGateway.Chat(model: "remote"));
        Assert.StartsWith("HTTP/1.1 404", answer, StringComparison.Ordinal);
        Assert.Contains("\"error\":{", answer, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    [InlineData("QUERY")]
    public async Task Another_method_on_the_gateways_own_routes_is_a_405(string method)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one");
        await using var gateway = Before(upstream);
        using var http = new HttpClient();
        foreach (var path in (string[])["chat/completions", "completions", "chat%2Fcompletions", "/completions/"])
        {
            using var response = await http.SendAsync(new(new HttpMethod(method), $"{gateway.Endpoint}/{path}"), TestGateway.Cancellation);
            await Task.FromResult(response).ErrorAsync(HttpStatusCode.MethodNotAllowed);
            Assert.Equal("POST", Assert.Single(response.Content.Headers.Allow));
        }

        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("//v1/chat/completions")]
    [InlineData("/v1%2Fmodels")]
    [InlineData("/anything")]
    [InlineData("/V1/files")]
    [InlineData("/healthz/more")]
    [InlineData("/metricsx")]
    [InlineData("/")]
    public async Task Everything_that_is_passed_on_needs_a_key(string target)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one");
        await using var gateway = Before(upstream, ("BESTOFN_API_KEYS", "mine"));
        var refused = await RawHttp.PostAsync(gateway.Endpoint, target, TestGateway.Chat(model: "remote"));
        Assert.StartsWith("HTTP/1.1 401", refused, StringComparison.Ordinal);
        Assert.Contains("invalid_api_key", refused, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);

        await RawHttp.PostAsync(gateway.Endpoint, target, TestGateway.Chat(model: "remote"), "Authorization: Bearer mine\r\n");
        Assert.NotEmpty(upstream.Requests);
        Assert.All(upstream.Requests, request => Assert.False(request.Headers.ContainsKey("Authorization")));
    }

    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1/chat/completions/chatcmpl-1")]
    [InlineData("/v1/responses")]
    [InlineData("/v1/mycompletions")]
    [InlineData("/deployments/x/chat/completions")]
    public void Other_paths_are_left_alone(string path)
    {
        Assert.False(PathFolding.MeansGenerating(path));
        Assert.Equal(path, PathFolding.Fold(path));
    }

    [Fact]
    public async Task What_a_client_says_about_its_address_does_not_reach_an_upstream_on_any_route()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one");
        await using var gateway = Before(upstream);
        foreach (var path in (string[])["completions", "embeddings"])
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Endpoint}/{path}")
            {
                Content = TestGateway.Json("""{"model":"remote","prompt":"a"}"""),
            };
            foreach (var name in (string[])["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded"])
            {
                request.Headers.TryAddWithoutValidation(name, "6.6.6.6");
            }

            await http.SendAsync(request, TestGateway.Cancellation).JsonAsync();
            var headers = upstream.Requests[^1].Headers;
            Assert.DoesNotContain(headers, header => header.Value.Contains("6.6.6.6", StringComparison.Ordinal));
            Assert.Equal("127.0.0.1", headers["X-Forwarded-For"]);
        }
    }

    private static SocketGateway Before(OpenAIUpstream upstream, params (string, string)[] settings) =>
        new(null, [.. SocketGateway.Before(upstream), ("ReverseProxy:Routes:r:ClusterId", "c"),
            ("ReverseProxy:Routes:r:Match:Path", "/{**rest}"), .. settings]);
}
