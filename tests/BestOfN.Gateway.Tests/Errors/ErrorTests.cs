using System.Net;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Testing.Fakes;
using BestOfN.Testing.Schemas;

namespace BestOfN.Gateway.Tests.Errors;

public sealed class ErrorTests
{
    [Fact]
    public void Bodies_are_held_against_the_published_schemas()
    {
        Assert.SkipWhen(OpenAISchemas.Instance is null, OpenAISchemas.Absence);
        Assert.NotEmpty(OpenAISchemas.Instance!.Validate(
            "ErrorResponse", System.Text.Json.Nodes.JsonNode.Parse("""{"error":{"message":"x","type":5,"param":null}}""")));
        Assert.Empty(OpenAISchemas.Instance.Validate(
            "ErrorResponse", System.Text.Json.Nodes.JsonNode.Parse("""{"error":{"message":"x","type":"y","param":null,"code":null}}""")));
    }

    [Fact]
    public async Task An_unknown_model_is_a_404()
    {
        await using var gateway = new TestGateway();
        var error = await gateway.ChatAsync(model: "gpt-9").ErrorAsync(HttpStatusCode.NotFound);
        Assert.Equal("model_not_found", (string?)error["code"]);
        Assert.Equal("model", (string?)error["param"]);
        await gateway.Client.GetAsync("/v1/models/gpt-9", TestGateway.Cancellation).ErrorAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Unknown_routes_and_wrong_methods_are_said_in_the_envelope()
    {
        await using var gateway = new TestGateway();
        await gateway.Client.GetAsync("/v1/nothing", TestGateway.Cancellation).ErrorAsync(HttpStatusCode.NotFound);
        await gateway.Client.GetAsync("/v1/chat/completions", TestGateway.Cancellation).ErrorAsync(HttpStatusCode.MethodNotAllowed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_a_413(bool declaresLength)
    {
        await using var gateway = new TestGateway(
            settings: [("BestOfN:MaxRequestBodyBytes", "2000"), ("BestOfN:MaxPictureBytes", "1000"), ("BestOfN:MaxVideoBytes", "1000")]);
        var content = TestGateway.Json(TestGateway.Chat($"\"user\":\"{new string('x', 3000)}\""));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
        if (!declaresLength)
        {
            request.Headers.TransferEncodingChunked = true;
        }

        await gateway.Client.SendAsync(request, TestGateway.Cancellation).ErrorAsync(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Requests_beyond_the_limit_are_told_to_come_back()
    {
        var generator = FakeGenerator.Answering("a").ThenHanging();
        await using var gateway = new TestGateway(
            generator,
            settings: [("BestOfN:MaxConcurrentRequests", "1"), ("BestOfN:MaxQueuedRequests", "0"), ("BestOfN:RetryAfter", "00:00:07")]);
        using var first = new CancellationTokenSource();
        var hanging = gateway.RawClient.PostAsync("/v1/chat/completions", TestGateway.Json(TestGateway.Chat()), first.Token);
        await generator.Hung.WaitAsync(TestGateway.Cancellation);

        using var response = await gateway.ChatAsync();
        Assert.Equal("rate_limit_exceeded", (string?)(await Task.FromResult(response).ErrorAsync(HttpStatusCode.TooManyRequests))["code"]);
        Assert.Equal(7, response.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData("Basic secret-2", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer secret-2", HttpStatusCode.OK)]
    public async Task Where_keys_are_configured_one_is_needed(string? authorization, HttpStatusCode status)
    {
        await using var gateway = new TestGateway(settings: ("BESTOFN_API_KEYS", "secret-1, secret-2"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await gateway.Client.SendAsync(request, TestGateway.Cancellation);
        Assert.Equal(status, response.StatusCode);
        using var health = await gateway.RawClient.GetAsync("/healthz", TestGateway.Cancellation);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task A_unanimous_refusal_of_the_upstream_is_relayed_as_it_is()
    {
        const string Body =
            """{"error":{"message":"Too long.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""";
        var failure = new GenerationFailedException(FakeCandidate.Refusal("Too long.", 400, Body));
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("") { Failure = failure }));
        using var response = await gateway.ChatAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(Body, await response.Content.ReadAsStringAsync(TestGateway.Cancellation));
    }

    [Fact]
    public async Task A_refusal_that_is_no_envelope_is_put_into_one()
    {
        var failure = new GenerationFailedException(FakeCandidate.Refusal("No.", 422, "<html>"));
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("") { Failure = failure }));
        Assert.Equal("No.", (string?)(await gateway.ChatAsync().ErrorAsync(HttpStatusCode.UnprocessableEntity))["message"]);
    }

    [Fact]
    public async Task An_upstreams_wish_to_wait_is_passed_on()
    {
        var failure = new GenerationFailedException(
            FakeCandidate.Refusal("Slow down.", 429) with { RetryAfter = TimeSpan.FromSeconds(8.2) });
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("") { Failure = failure }));
        using var response = await gateway.ChatAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(9, response.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData(FailureKind.Upstream, 500, HttpStatusCode.BadGateway)]
    [InlineData(FailureKind.Unavailable, 503, HttpStatusCode.ServiceUnavailable)]
    [InlineData(FailureKind.Unavailable, null, HttpStatusCode.ServiceUnavailable)]
    [InlineData(FailureKind.TimedOut, null, HttpStatusCode.GatewayTimeout)]
    [InlineData(FailureKind.Upstream, null, HttpStatusCode.BadGateway)]
    [InlineData(FailureKind.Internal, null, HttpStatusCode.BadGateway)]
    public async Task What_is_not_the_clients_fault_is_502_503_or_504(FailureKind kind, int? status, HttpStatusCode expected)
    {
        var failure = new GenerationFailedException(new Failure(kind, "Lost.") { Upstream = status is { } given ? new(given) : null });
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("") { Failure = failure }));
        var error = await gateway.ChatAsync().ErrorAsync(expected);
        Assert.Equal("server_error", (string?)error["type"]);
    }

    [Fact]
    public async Task Nothing_by_the_deadline_is_a_504()
    {
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("") { Hangs = true }));
        await gateway.ChatAsync("""
            "best_of_n":{"n":2,"time_budget_ms":20}
            """).ErrorAsync(HttpStatusCode.GatewayTimeout);
    }

    [Fact]
    public async Task An_accident_inside_tells_nothing_outside()
    {
        await using var gateway = new TestGateway(
            rewardModel: FakeRewardModel.ByLength(), generator: new FakeGenerator(new FakeCandidate("x") { Message = "not json" }));
        var error = await gateway.ChatAsync().ErrorAsync(HttpStatusCode.InternalServerError);
        Assert.Equal("Internal Server Error", (string?)error["message"]);
    }
}
