using System.Net;

namespace BestOfN.Gateway.Tests.Access;

public sealed class CorsTests
{
    [Fact]
    public async Task A_page_of_a_configured_origin_may_ask_before_it_shows_its_key_and_then_read_our_headers()
    {
        await using var gateway = new TestGateway(settings: [("BESTOFN_API_KEYS", "mine"),
            ("BestOfN:CorsOrigins:0", "https://chat.example"), ("BestOfN:CorsOrigins:1", "http://localhost:3000")]);
        using var preflight = await SendAsync(gateway, HttpMethod.Options, "http://localhost:3000");
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal("http://localhost:3000", Header(preflight, "Access-Control-Allow-Origin"));
        Assert.Equal("authorization,content-type", Header(preflight, "Access-Control-Allow-Headers"));
        Assert.Equal("POST", Header(preflight, "Access-Control-Allow-Methods"));

        using var refused = await SendAsync(gateway, HttpMethod.Post, "https://chat.example");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("https://chat.example", Header(refused, "Access-Control-Allow-Origin"));
        using var answer = await SendAsync(gateway, HttpMethod.Post, "https://chat.example", "mine");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("x-request-id,X-Best-Of-N,X-Best-Of-N-Degraded,Retry-After", Header(answer, "Access-Control-Expose-Headers"));
    }

    [Theory]
    [InlineData("https://evil.example", "https://chat.example")]
    [InlineData("https://chat.example", null)]
    public async Task Other_pages_may_not(string origin, string? configured)
    {
        await using var gateway = new TestGateway(settings: configured is null ? [] : [("BestOfN:CorsOrigins:0", configured)]);
        using var preflight = await SendAsync(gateway, HttpMethod.Options, origin);
        using var answer = await SendAsync(gateway, HttpMethod.Post, origin);
        Assert.Null(Header(preflight, "Access-Control-Allow-Origin"));
        Assert.Null(Header(answer, "Access-Control-Allow-Origin"));
    }

    private static Task<HttpResponseMessage> SendAsync(TestGateway gateway, HttpMethod method, string origin, string? key = null)
    {
        var request = new HttpRequestMessage(method, "/v1/chat/completions");
        request.Headers.Add("Origin", origin);
        if (method == HttpMethod.Options)
        {
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        }
        else
        {
            request.Content = TestGateway.Json(TestGateway.Chat());
        }

        if (key is not null)
        {
            request.Headers.Add("Authorization", $"Bearer {key}");
        }

        return gateway.RawClient.SendAsync(request, TestGateway.Cancellation);
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}
