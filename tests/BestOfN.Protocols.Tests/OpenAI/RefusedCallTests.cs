using BestOfN.Testing.Upstream;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Protocols.Tests.OpenAI;

/// <summary>Upstreams that refuse what the gateway asks for on top of the client's own words.</summary>
public sealed class RefusedCallTests
{
    private const string Body = """{"messages":[{"role":"user","content":"Hi"}]}""";

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task An_upstream_that_refuses_streams_answers_whole_and_is_asked_so_for_a_while()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request => Has(request, "stream") ? """{"error":{"message":"Your organization must be verified to stream this """
            + """model.","param":"stream","code":"unsupported_value"}}""" : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal("Hello", (await generator.RunAsync(1, Body)).TextOf(0));
        Assert.Equal("Hello", (await generator.RunAsync(1, Body)).TextOf(0));
        Assert.Equal([true, false, false], upstream.Requests.Select(request => Has(request, "stream")));

        _time.Advance(TimeSpan.FromMinutes(11));
        await generator.RunAsync(1, Body);
        Assert.Equal([true, false], upstream.Requests.Skip(3).Select(request => Has(request, "stream")));
    }

    [Theory]
    [InlineData("""{"error":{"message":"Unrecognized request argument supplied: """
        + """stream_options","type":"invalid_request_error","param":null,"code":null}}""")]
    [InlineData("""{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options","include_usage"]"""
        + ""","msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}""")]
    [InlineData("""{"detail":[{"loc":["body","stream_options"],"msg":"extra fields not permitted"}]}""")]
    public async Task An_upstream_that_refuses_stream_options_is_streamed_from_without_them(string refusal)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request => Has(request, "stream_options") ? refusal : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal("Hello", (await generator.RunAsync(1, Body)).TextOf(0));
        Assert.Equal("Hello", (await generator.RunAsync(1, Body)).TextOf(0));

        Assert.All(upstream.Requests, request => Assert.True(Has(request, "stream")));
        Assert.Equal([true, false, false], upstream.Requests.Select(request => Has(request, "stream_options")));
    }

    [Fact]
    public async Task What_is_refused_for_a_clients_own_field_is_not_learnt_for_others()
    {
        const string WithAudio = """{"messages":[],"audio":{"format":"wav"}}""";
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request => Has(request, "stream") && Has(request, "audio")
            ? """{"error":{"message":"audio.format 'wav' is not supported when stream=true. Supported values are: """
                + """'pcm16'.","param":"audio.format","code":"unsupported_value"}}""" : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal("Hello", (await generator.RunAsync(1, WithAudio)).TextOf(0));
        await generator.RunAsync(1, Body);

        Assert.Equal([true, false, true], upstream.Requests.Select(request => Has(request, "stream")));
    }

    [Fact]
    public async Task An_upstream_without_streams_is_asked_for_one_only_once()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Next(Fault.Status(501, "Streaming is not implemented"));
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal("Hello", (await generator.RunAsync(1, Body)).TextOf(0));

        Assert.Equal([true, false], upstream.Requests.Select(request => Has(request, "stream")));
    }

    [Fact]
    public async Task An_upstream_that_breaks_over_several_choices_is_asked_for_one_at_a_time()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        var broken = Fault.Status(500, "n > 1 is not supported");
        upstream.Next(broken, broken, broken);
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal(2, (await generator.RunAsync(2, Body)).Finished.Count);
    }

    [Fact]
    public async Task A_prompt_that_fails_in_any_case_teaches_nothing()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request => request.Body.Contains("poison", StringComparison.Ordinal)
            ? """{"error":{"message":"I cannot stream this, and n must be 1","param":null}}"""
            : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal(2, (await generator.RunAsync(2, """{"messages":[{"role":"user","content":"poison"}]}""")).Failed.Count);
        var before = upstream.Requests.Count;
        Assert.Equal(2, (await generator.RunAsync(2, Body)).Finished.Count);

        var request = Assert.Single(upstream.Requests.Skip(before));
        Assert.Equal(2, request.Json.GetProperty("n").GetInt32());
        Assert.True(Has(request, "stream"));
    }

    [Fact]
    public async Task A_token_budget_limits_the_answer_by_the_field_that_the_upstream_takes()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request => Has(request, "max_tokens")
            ? """{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' """
                + """instead.","param":"max_tokens","code":"unsupported_parameter"}}""" : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal("Hello", (await generator.RunAsync(1, Body, tokenBudget: 50)).TextOf(0));
        Assert.Equal("Hello", (await generator.RunAsync(1, Body, tokenBudget: 50)).TextOf(0));
        Assert.Equal([false, true, true], upstream.Requests.Select(request => Has(request, "max_completion_tokens")));

        var own = await generator.RunAsync(1, """{"messages":[],"max_tokens":9}""", tokenBudget: 50);
        Assert.StartsWith("Unsupported parameter", Assert.Single(own.Failed).Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_takes_no_limit_is_asked_without_one()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request => Has(request, "max_tokens") || Has(request, "max_completion_tokens")
            ? """{"error":{"message":"max_tokens and max_completion_tokens are unknown"}}"""
            : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal("Hello", (await generator.RunAsync(1, Body, tokenBudget: 50)).TextOf(0));
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_limit_of_null_is_replaced_by_the_budgets_and_not_written_twice()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        using var generator = new GeneratorUnderTest(upstream);

        await generator.RunAsync(1, """{"messages":[],"max_tokens":null}""", tokenBudget: 50);

        Assert.Equal(50, Assert.Single(upstream.Requests[0].Json.EnumerateObject(), field => field.Name == "max_tokens").Value.GetInt32());
    }

    [Theory]
    [InlineData("n must be at most 16, got {0}", 16, new[] { 16, 1 })]
    [InlineData("Invalid 'n': integer above maximum value. Expected a value <= 16, but got {0} instead.", 16, new[] { 16, 1 })]
    [InlineData("n is too large", 16, new[] { 8, 8, 1 })]
    [InlineData("n must be 1", 1, null)]
    [InlineData("Only one completion choice is allowed", 1, null)]
    public async Task A_refused_n_is_lowered_to_what_the_upstream_makes_and_others_are_not_slowed_down(
        string words, int limit, int[]? sizes)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Refuses = request =>
            N(request) is var n && n > limit ? $$$"""{"error":{"message":"{{{string.Format(null, words, n)}}}","param":null}}""" : null;
        using var generator = new GeneratorUnderTest(upstream, time: _time);

        Assert.Equal(17, (await generator.RunAsync(17)).Finished.Count);
        Assert.Equal((sizes ?? Enumerable.Repeat(1, 17)).Order(), upstream.Requests.Skip(1).Select(N).Order());

        var before = upstream.Requests.Count;
        await generator.RunAsync(8);
        Assert.Equal(limit == 1 ? 8 : 1, upstream.Requests.Count - before);

        _time.Advance(TimeSpan.FromMinutes(11));
        before = upstream.Requests.Count;
        await generator.RunAsync(17);
        Assert.Equal(17, N(upstream.Requests[before]));
    }

    [Theory]
    [InlineData(@"Chat template error:\n\nConversation roles must alternate user/assistant")]
    [InlineData(@"The prompt\nis too long")]
    [InlineData(@"The prompt is too long.\nn")]
    [InlineData("temperature must be at most 2")]
    public async Task A_prompt_that_can_only_fail_is_sent_once(string words)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Always = Fault.Status(400, words);
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Equal(16, (await generator.RunAsync(16, Body)).Failed.Count);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task With_a_seed_every_candidate_is_asked_for_with_a_seed_of_its_own()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two", "three");
        using var generator = new GeneratorUnderTest(upstream);

        var outcome = await generator.RunAsync(3, seed: 30);
        await generator.RunAsync(3);

        Assert.Equal(["one", "two", "three"], outcome.Finished.Select(candidate => candidate.Text));
        Assert.Equal([30, 31, 32], upstream.Requests.Take(3).Select(request => request.Json.GetProperty("seed").GetInt64()).Order());
        Assert.Equal(3, N(upstream.Requests[3])); // nothing has been learnt from it
    }

    [Fact]
    public async Task The_largest_seed_does_not_become_the_smallest()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("Hello");
        upstream.Always = Fault.Status(400, "No");
        using var generator = new GeneratorUnderTest(upstream);

        await generator.RunAsync(3, seed: long.MaxValue - 1);

        Assert.Equal(
            [long.MaxValue - 3, long.MaxValue - 1, long.MaxValue],
            upstream.Requests.Select(request => request.Json.GetProperty("seed").GetInt64()).Order());
    }

    private static bool Has(RecordedRequest request, string field) => request.Json.TryGetProperty(field, out _);

    private static int N(RecordedRequest request) => request.Json.TryGetProperty("n", out var n) ? n.GetInt32() : 1;
}
