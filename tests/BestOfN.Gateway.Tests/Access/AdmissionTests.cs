using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Gateway.Access;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BestOfN.Gateway.Tests.Access;

public sealed class AdmissionTests
{
    private static readonly (string, string)[] _small = [("BestOfN:MaxPictureBytes", "1000"), ("BestOfN:MaxVideoBytes", "1000"),
        ("BestOfN:MaxRequestBodyBytes", "20000"), ("BestOfN:MaxHeldRequestBytes", "30000")];

    [Fact]
    public async Task Slow_senders_keep_nobody_out()
    {
        await using var gateway = new TestGateway(settings: [("BestOfN:MaxConcurrentRequests", "1"), ("BestOfN:MaxQueuedRequests", "0")]);
        List<(SlowContent Body, Task<HttpResponseMessage> Answer)> slow = [];
        for (var i = 0; i < 5; i++)
        {
            var body = new SlowContent(TestGateway.Chat());
            slow.Add((body, gateway.RawClient.PostAsync("/v1/chat/completions", body, TestGateway.Cancellation)));
            await body.Begun;
        }

        await gateway.ChatAsync().JsonAsync();
        foreach (var (body, answer) in slow)
        {
            body.GoOn();
            await answer.JsonAsync();
        }
    }

    [Fact]
    public async Task A_body_that_does_not_arrive_in_time_is_a_408()
    {
        await using var gateway = new SocketGateway(null, ("BestOfN:RequestReadTimeout", "00:00:00.300"));
        var answer = await RawHttp.SendAsync(
            gateway.Endpoint,
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"model\"");
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"request_timeout\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_waits_too_long_for_its_turn_is_told_to_come_back()
    {
        var time = new WatchedTime();
        var generator = FakeGenerator.Answering("a").ThenHanging();
        await using var gateway = new TestGateway(
            generator, time: time,
            settings: [("BestOfN:MaxConcurrentRequests", "1"), ("BestOfN:MaxQueueTime", "00:00:13"), ("BestOfN:TimeBudget", "00:10:00")]);
        using var client = new CancellationTokenSource();
        var working = gateway.RawClient.PostAsync("/v1/chat/completions", TestGateway.Json(TestGateway.Chat()), client.Token);
        await generator.Hung.WaitAsync(TestGateway.Cancellation);

        var waiting = gateway.ChatAsync();
        await UntilAsync(() => Turns(gateway).Waiting == 1);
        time.Advance(TimeSpan.FromSeconds(13));
        using var response = await waiting;
        Assert.NotNull(response.Headers.RetryAfter);
        await Task.FromResult(response).ErrorAsync(HttpStatusCode.TooManyRequests);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => working);
    }

    [Fact]
    public async Task A_key_that_floods_does_not_keep_another_key_out()
    {
        var gate = new TaskCompletionSource();
        await using var gateway = new TestGateway(
            new FakeGenerator(new FakeCandidate("a") { Gate = gate.Task }),
            settings: [("BESTOFN_API_KEYS", "flood,polite"), ("BestOfN:MaxConcurrentRequests", "4"), ("BestOfN:MaxQueuedRequests", "6")]);
        var flood = Enumerable.Range(0, 30).Select(_ => AskAsync("flood")).ToList();
        await UntilAsync(() => Turns(gateway) is { Working: 3, Waiting: 6 } && flood.Count(answer => answer.IsCompleted) == 21);

        var polite = Enumerable.Range(0, 3).Select(_ => AskAsync("polite")).ToList();
        await UntilAsync(() => Turns(gateway) is { Working: 4, Waiting: 6 } && flood.Count(answer => answer.IsCompleted) == 23);
        gate.SetResult();

        Assert.All(await Task.WhenAll(polite), status => Assert.Equal(HttpStatusCode.OK, status));
        var statuses = await Task.WhenAll(flood);
        Assert.Equal(
            (7, 23),
            (statuses.Count(status => status is HttpStatusCode.OK), statuses.Count(status => status is HttpStatusCode.TooManyRequests)));

        async Task<HttpStatusCode> AskAsync(string key)
        {
            using var response = await gateway.ChatAsync(headers: ("Authorization", $"Bearer {key}"));
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Bodies_have_a_budget_over_all_requests_and_get_it_back()
    {
        var gate = new TaskCompletionSource();
        var generator = new FakeGenerator(new FakeCandidate("a") { Gate = gate.Task });
        await using var gateway = new TestGateway(generator, settings: _small);
        var padding = $"\"user\":\"{new string('x', 15_000)}\"";
        var first = gateway.ChatAsync(padding);
        await UntilAsync(() => Turns(gateway).Working == 1);

        using var refused = await gateway.ChatAsync(padding);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal("overloaded", (string?)(await Task.FromResult(refused).ErrorAsync(HttpStatusCode.ServiceUnavailable))["code"]);
        gate.SetResult();
        await first.JsonAsync();
        for (var i = 0; i < 5; i++)
        {
            await gateway.ChatAsync(padding).JsonAsync();
        }
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/completions")]
    public async Task A_request_of_very_many_values_is_refused_before_it_is_taken_apart(string path)
    {
        await using var gateway = new TestGateway(settings: ("BestOfN:MaxJsonValues", "100"));
        string[] lists = [string.Concat(Enumerable.Repeat("1,", 200)) + "1", string.Concat(Enumerable.Repeat("[],", 200)) + "{}"];
        foreach (var many in lists)
        {
            var error = await gateway
                .PostAsync(path, $$"""{"model":"pocket","prompt":"a","messages":[{"role":"user","content":"a"}],"x":[{{many}}]}""")
                .ErrorAsync(HttpStatusCode.RequestEntityTooLarge);
            Assert.Equal("request_too_large", (string?)error["code"]);
        }
    }

    [Theory]
    [InlineData(null, HttpStatusCode.OK)]
    [InlineData("application/json", HttpStatusCode.OK)]
    [InlineData("Application/JSON; charset=\"utf-8\"", HttpStatusCode.OK)]
    [InlineData("application/vnd.api+json", HttpStatusCode.OK)]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/form-data; boundary=x", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=utf-16", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("json", HttpStatusCode.UnsupportedMediaType)]
    public async Task A_body_of_another_type_is_a_415(string? type, HttpStatusCode status)
    {
        await using var gateway = new TestGateway();
        foreach (var (path, json) in new[] { ("/v1/chat/completions", TestGateway.Chat()),
            ("/v1/completions", """{"model":"pocket","prompt":"a"}""") })
        {
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var response = await gateway.RawClient.PostAsync(path, content, TestGateway.Cancellation);
            Assert.Equal(status, response.StatusCode);
            if (status is not HttpStatusCode.OK)
            {
                Assert.Equal("unsupported_media_type", (string?)(await Task.FromResult(response).ErrorAsync(status))["code"]);
            }
        }
    }

    [Fact]
    public async Task A_compressed_body_is_a_415()
    {
        await using var gateway = new TestGateway();
        var content = new ByteArrayContent([0x1f, 0x8b])
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json"), ContentEncoding = { "gzip" } },
        };
        await gateway.RawClient.PostAsync("/v1/chat/completions", content, TestGateway.Cancellation)
            .ErrorAsync(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_the_clients_mistake_and_no_error_in_the_log()
    {
        using var logs = new ErrorLog();
        await using var gateway = new SocketGateway(services =>
        {
            services.AddSingleton<ILoggerProvider>(logs);
        });
        const string Head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
        foreach (var chunks in (string[])["ZZZ\r\n{}\r\n0\r\n\r\n", "5\r\n{\"mod\r\nGARBAGE\r\n", "FFFFFFFFFFFFFFFFFF\r\n{"])
        {
            var answer = await RawHttp.SendAsync(gateway.Endpoint, $"{Head}Transfer-Encoding: chunked\r\n\r\n{chunks}");
            Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
            Assert.Contains("\"error\":{", answer, StringComparison.Ordinal);
        }

        Assert.Empty(logs.Lines);
    }

    private static FairTurns Turns(TestGateway gateway) => gateway.Services.GetRequiredService<Admission>().Turns;

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            await Task.Delay(10, TestGateway.Cancellation);
        }
    }

    /// <summary>Sends its first byte, and the others when told to.</summary>
    private sealed class SlowContent : HttpContent
    {
        private readonly byte[] _bytes;
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SlowContent(string json)
        {
            _bytes = Encoding.UTF8.GetBytes(json);
            Headers.ContentType = new("application/json");
        }

        public Task Begun => _begun.Task.WaitAsync(TestGateway.Cancellation);

        public void GoOn() => _goOn.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_bytes.AsMemory(0, 1));
            await stream.FlushAsync();
            _begun.SetResult();
            await _goOn.Task;
            await stream.WriteAsync(_bytes.AsMemory(1));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return false;
        }
    }

    /// <summary>Keeps what is logged at Error and above.</summary>
    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
