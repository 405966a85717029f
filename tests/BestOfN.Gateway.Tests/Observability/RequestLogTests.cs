using System.Collections.Concurrent;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.Logging;

namespace BestOfN.Gateway.Tests.Observability;

public sealed class RequestLogTests
{
    [Fact]
    public async Task Every_answer_has_a_line_with_its_model_candidates_status_and_request_id_and_nothing_of_the_prompt()
    {
        using var logs = new Lines();
        await using var gateway = new TestGateway(FakeGenerator.Answering("a", "bb"), logs: logs);
        await gateway.ChatAsync("\"best_of_n\":2", headers: ("x-request-id", "mine-1")).JsonAsync();
        await gateway.ChatAsync("\"best_of_n\":2,\"stream\":true", headers: ("x-request-id", "mine-2")).ChunksAsync();
        await gateway.ChatAsync(model: "nobody", headers: ("x-request-id", "mine-3")).ErrorAsync(System.Net.HttpStatusCode.NotFound);
        using var ready = await gateway.RawClient.GetAsync("/healthz", TestGateway.Cancellation);

        await logs.Count(3);
        var lines = logs.All.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Matches(
            @"^mine-1: Information: POST /v1/chat/completions 200 in \d+ ms, model pocket, N 2, scored 2, request mine-1$", lines[0]);
        Assert.Matches(
            @"^mine-2: Information: POST /v1/chat/completions 200 in \d+ ms, model pocket, N 2, scored 2, request mine-2$", lines[1]);
        Assert.Matches(@"^mine-3: Information: POST /v1/chat/completions 404 in \d+ ms, request mine-3$", lines[2]);
    }

    /// <summary>What the request log wrote, sorted by the id at its end.</summary>
    private sealed class Lines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();
        private readonly SemaphoreSlim _written = new(0);

        public IReadOnlyList<string> All => [.. _lines];

        /// <summary>Waits for so many lines; they are written after the client has its answer.</summary>
        public async Task Count(int lines)
        {
            for (var i = 0; i < lines; i++)
            {
                await _written.WaitAsync(TestGateway.Cancellation);
            }
        }

        public ILogger CreateLogger(string categoryName) =>
            categoryName == "BestOfN.Gateway.Requests" ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = formatter(state, exception);
            _lines.Enqueue($"{line[(line.LastIndexOf(' ') + 1)..]}: {logLevel}: {line}");
            _written.Release();
        }

        public void Dispose() => _written.Dispose();
    }
}
