using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Upstream;

/// <summary>An upstream that repeats the key which the gateway called it with: no client sees it, by whatever route it asks.</summary>
public sealed class OwnKeyTests
{
    private const string Variable = "BESTOFN_TEST_KEY_REPEATED";
    private const string Key = "sk-repeated-secret";
    private const string Covered = "******************";

    private const string Json = $$"""
        {"id":"x","system_fingerprint":"{{Key}}","choices":[
          {"index":0,"text":"{{Key}}","message":{"role":"assistant","content":"a {{Key}}"},"finish_reason":"stop"}]}
        """;

    private const string Events = $$"""
        data: {"id":"{{Key}}","choices":[{"index":0,"text":"{{Key}}","delta":{"content":"a {{Key}}"},"finish_reason":"stop"}]}

        data: [DONE]


        """;

    [Theory]
    [InlineData("chat/completions", false)]
    [InlineData("chat/completions", true)]
    [InlineData("completions", false)]
    [InlineData("completions", true)]
    [InlineData("embeddings", false)]
    [InlineData("embeddings", true)]
    public async Task The_key_is_covered_in_every_answer(string path, bool streams)
    {
        var said = Fault.Answering(200, streams ? Events : Json, streams ? "text/event-stream" : "application/json");
        var answer = await AskAsync(said, path, streams);

        Assert.DoesNotContain(Key, answer.Headers.ToString(), StringComparison.Ordinal);
        var body = await answer.Content.ReadAsStringAsync(TestGateway.Cancellation);
        Assert.Contains(Covered, body, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("completions")]
    [InlineData("embeddings")]
    public async Task Headers_that_repeat_it_are_dropped(string path)
    {
        var answer = await AskAsync(Fault.WithHeader("X-Debug", $"Bearer {Key}"), path, streams: false);

        Assert.False(answer.Headers.Contains("X-Debug"));
    }

    [Theory]
    [InlineData("completions")]
    [InlineData("embeddings")]
    public async Task A_compressed_answer_is_searched_too(string path)
    {
        using var zipped = new MemoryStream();
        await using (var zip = new GZipStream(zipped, CompressionLevel.Fastest))
        {
            await zip.WriteAsync(Encoding.UTF8.GetBytes(Json), TestGateway.Cancellation);
        }

        var answer = await AskAsync(Fault.Compressed(zipped.ToArray()), path, streams: false);

        Assert.Empty(answer.Content.Headers.ContentEncoding);
        var body = await answer.Content.ReadAsStringAsync(TestGateway.Cancellation);
        Assert.Equal(Json.Replace(Key, Covered, StringComparison.Ordinal), body);
    }

    private static async Task<HttpResponseMessage> AskAsync(Fault answer, string path, bool streams)
    {
        Environment.SetEnvironmentVariable(Variable, Key);
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = answer;
        await using var gateway = new SocketGateway(null,
        [
            .. SocketGateway.Before(upstream), ("ReverseProxy:Clusters:c:Metadata:ApiKeyVariable", Variable),
            ("ReverseProxy:Routes:all:ClusterId", "c"), ("ReverseProxy:Routes:all:Match:Path", "/v1/{**rest}"),
        ]);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Endpoint}/{path}")
        {
            Content = TestGateway.Json($$"""
                {"model":"remote@1","stream":{{(streams ? "true" : "false")}},
                 "prompt":"a","input":"a","messages":[{"role":"user","content":"a"}]}
                """),
        };
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        var response = await http.SendAsync(request, TestGateway.Cancellation);
        Assert.Equal($"Bearer {Key}", Assert.Single(upstream.Requests).Headers["Authorization"]);
        if (path is not "chat/completions")
        {
            Assert.Equal("identity", upstream.Requests[0].Headers["Accept-Encoding"]);
        }

        return response;
    }
}
