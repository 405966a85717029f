using System.Net;
using System.Text;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Testing.Fakes;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Access;

public sealed class RequestIdTests
{
    [Theory]
    [InlineData("GET", "/v1/models", HttpStatusCode.OK)]
    [InlineData("GET", "/v1/models/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/healthz", HttpStatusCode.OK)]
    [InlineData("PUT", "/v1/chat/completions", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/v1/chat/completions", HttpStatusCode.BadRequest)]
    public async Task Every_answer_bears_the_clients_id_or_a_new_one(string method, string path, HttpStatusCode status)
    {
        await using var gateway = new TestGateway();
        using var named = await SendAsync("client-17 of today");
        using var unnamed = await SendAsync(null);
        using var another = await SendAsync(null);

        Assert.Equal((status, status), (named.StatusCode, unnamed.StatusCode));
        Assert.Equal("client-17 of today", Id(named));
        Assert.StartsWith("req_", Id(unnamed), StringComparison.Ordinal);
        Assert.NotEqual(Id(unnamed), Id(another));

        Task<HttpResponseMessage> SendAsync(string? id)
        {
            var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (method is "POST")
            {
                request.Content = new StringContent("{", Encoding.UTF8, "application/json");
            }

            request.Headers.TryAddWithoutValidation("x-request-id", id);
            return gateway.RawClient.SendAsync(request, TestGateway.Cancellation);
        }
    }

    [Fact]
    public async Task An_id_that_is_too_long_or_not_printable_or_twofold_is_replaced()
    {
        await using var gateway = new TestGateway();
        foreach (var ids in (string[][])[[new string('x', 129)], ["tab\tinside"], ["Zürich"], ["one", "two"], [""]])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            request.Headers.TryAddWithoutValidation("X-Request-Id", ids);
            using var response = await gateway.RawClient.SendAsync(request, TestGateway.Cancellation);
            Assert.StartsWith("req_", Id(response), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Whole_answers_streams_and_accidents_bear_it_too()
    {
        await using var gateway = new TestGateway();
        using var whole = await gateway.ChatAsync(headers: ("x-request-id", "whole"));
        using var stream = await gateway.ChatAsync("\"stream\":true", headers: ("x-request-id", "stream"));
        await using var broken = new TestGateway(new FakeGenerator(new FakeCandidate("x") { Message = "not json" }));
        using var accident = await broken.ChatAsync(headers: ("x-request-id", "accident"));
        Assert.Equal(("whole", "stream", "accident"), (Id(whole), Id(stream), Id(accident)));
        Assert.Equal(HttpStatusCode.InternalServerError, accident.StatusCode);
    }

    [Fact]
    public async Task The_upstream_is_told_it_and_its_own_id_does_not_come_in_its_place()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var gateway = new SocketGateway(null, [.. SocketGateway.Before(upstream), ("ReverseProxy:Routes:r:ClusterId", "c"),
            ("ReverseProxy:Routes:r:Match:Path", "/v1/{**rest}")]);
        using var http = new HttpClient();
        foreach (var (path, body) in new[]
            {
                ("chat/completions", TestGateway.Chat("\"best_of_n\":1", "remote")),
                ("completions", """{"model":"remote","prompt":"2 + 2 ="}"""), ("embeddings", """{"input":"x"}"""),
            })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Endpoint}/{path}")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("x-request-id", $"id of {path}");
            using var response = await http.SendAsync(request, TestGateway.Cancellation);
            Assert.Equal($"id of {path}", Id(response));
            Assert.Equal($"id of {path}", upstream.Requests[^1].Headers["x-request-id"]);
        }

        using var unnamed = await http.GetAsync(new Uri($"{gateway.Endpoint}/files"), TestGateway.Cancellation);
        Assert.Equal(Id(unnamed), upstream.Requests[^1].Headers["x-request-id"]);
    }

    private static string Id(HttpResponseMessage response) => Assert.Single(response.Headers.GetValues("x-request-id"));
}
