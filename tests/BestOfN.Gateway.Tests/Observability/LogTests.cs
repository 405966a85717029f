using System.Net;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.Logging;

namespace BestOfN.Gateway.Tests.Observability;

/// <summary>What users, models and upstreams wrote stands in the log at Trace only, whatever happens.</summary>
public sealed class LogTests
{
    private const string Secret = "SECRET-4711";
    private const string Chat = "{\"model\":\"pocket\",\"messages\":[{\"role\":\"user\",\"content\":\"" + Secret
        + "\\r\\nforged\\u001b[31m\"}]";

    public static TheoryData<string, FakeCandidate, string> Cases => new()
    {
        { "success", new FakeCandidate(Secret), "" },
        { "an upstream's error", Failing(400), "" },
        { "an upstream's error, streamed", Failing(400), ",\"stream\":true" },
        { "an upstream's breakdown", Failing(500), "" },
        { "an error inside a good answer", Failing(502), ",\"best_of_n\":1" },
        { "a stream that breaks", Failing(400) with { Text = Secret }, ",\"stream\":true,\"best_of_n\":1" },
        {
            "a model in this process that breaks in the middle",
            new FakeCandidate(Secret) { Failure = new GenerationFailedException("It broke.", new InvalidOperationException(Secret)) },
            ",\"stream\":true,\"best_of_n\":1"
        },
        { "a reward model that cannot read the conversation", new FakeCandidate(Secret + "unreadable"), "" },
        { "an answer that is too long to be judged", new FakeCandidate(Secret + "long"), "" },
        { "a tool call", new FakeCandidate("") { Message = """{"role":"assistant","content":null,"refusal":null,"tool_calls":["""
            + $$$"""{"id":"1","type":"function","function":{"name":"{{{Secret}}}","arguments":"{{{Secret}}}"} }]}""" }, "" },
        { "a schema that cannot be checked", new FakeCandidate($"\"{Secret}\""),
            ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"$ref\":\"" + Secret + "\"}}}" },
        { "a request that is wrong", new FakeCandidate("a"), ",\"stop\":7" },
        { "a request that is no JSON", new FakeCandidate("a"), ",,," },
    };

    [Theory, MemberData(nameof(Cases))]
    public async Task What_people_and_models_write_is_logged_at_Trace_only(string what, FakeCandidate candidate, string fields)
    {
        using var logs = new Logs();
        var reward = new FakeRewardModel(answer => answer.Text.EndsWith("long", StringComparison.Ordinal) ? null
            : !answer.Text.EndsWith("unreadable", StringComparison.Ordinal) ? 1
            : throw new ScoringFailedException(Secret, new InvalidOperationException(Secret)) { MayQuotePrompt = true });
        await using (var gateway = new TestGateway(
            new FakeGenerator(candidate), reward, relays: true, logs: logs, settings: ("Logging:LogLevel:Default", "Trace")))
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", $"{Chat}{fields}}}");
            await response.Content.ReadAsStringAsync(TestGateway.Cancellation);
        }

        Assert.NotEmpty(logs.Lines);
        Assert.All(
            logs.Lines.Where(line => line.Level > LogLevel.Trace),
            line => Assert.False(line.Text.Contains(Secret, StringComparison.Ordinal), $"{what}: {line}"));
        Assert.All(
            logs.Lines.Where(line => line.Text.Contains(Secret, StringComparison.Ordinal)),
            line => Assert.DoesNotContain(line.Text, char.IsControl));
    }

    [Fact]
    public async Task The_prompt_and_the_answers_are_there_at_Trace()
    {
        using var logs = new Logs();
        await using (var gateway = new TestGateway(
            FakeGenerator.Answering("ANSWER-12"), logs: logs, settings: ("Logging:LogLevel:Default", "Trace")))
        {
            await gateway.PostAsync("/v1/chat/completions", Chat + "}").JsonAsync();
        }

        Assert.Contains(logs.Lines, line => line.Level is LogLevel.Trace && line.Text.Contains(Secret, StringComparison.Ordinal));
        Assert.Contains(logs.Lines, line => line.Level is LogLevel.Trace && line.Text.Contains("ANSWER-12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_judge_that_fails_tells_nothing_of_what_it_read()
    {
        using var logs = new Logs();
        var reward = new FakeRewardModel(
            answer => throw new ScoringFailedException("The scorer broke.", new InvalidDataException(answer.Text)));
        await using (var gateway = new TestGateway(
            FakeGenerator.Answering(Secret), reward, logs: logs, settings: ("Logging:LogLevel:Default", "Trace")))
        {
            await gateway.ChatAsync("\"best_of_n\":2").JsonAsync();
        }

        Assert.Contains(logs.Lines, line => line.Level is LogLevel.Error);
        Assert.All(
            logs.Lines.Where(line => line.Level > LogLevel.Trace),
            line => Assert.DoesNotContain(Secret, line.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lost_candidate_has_one_line_in_the_log()
    {
        using var logs = new Logs();
        await using (var gateway = new TestGateway(new FakeGenerator("a", Failing(400)), logs: logs))
        {
            await gateway.ChatAsync("\"best_of_n\":2").JsonAsync();
        }

        Assert.Single(logs.Lines, line => line.Level is LogLevel.Warning && line.Text.Contains("Candidate 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_folders_words_cannot_forge_a_line_or_speak_to_a_terminal()
    {
        using var logs = new Logs();
        await using (var gateway = new TestGateway(
            generator: null, logs: logs,
            settings: [("BestOfN:Models:broken:Generator", "broken"), ("BestOfN:Models:broken:RewardModel", "pocket-reward")]))
        {
            await gateway.ChatAsync(model: "broken@1").ErrorAsync(HttpStatusCode.ServiceUnavailable);
        }

        var line = Assert.Single(logs.Lines, line => line.Text.Contains("truncated", StringComparison.Ordinal));
        Assert.Contains(@"\nerror: forged", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', line.Text);
    }

    [Fact]
    public async Task An_accident_is_logged_once_and_without_its_words()
    {
        using var logs = new Logs();
        await using (var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("x") { Message = Secret }), logs: logs))
        {
            await gateway.ChatAsync("\"best_of_n\":2").ErrorAsync(HttpStatusCode.InternalServerError);
        }

        Assert.Single(logs.Lines, line => line.Text.StartsWith("A request failed", StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Lines, line => line.Level > LogLevel.Trace && line.Text.Contains(Secret, StringComparison.Ordinal));
    }

    private static FakeCandidate Failing(int status) => new("")
    {
        Failure = new GenerationFailedException(
            FakeCandidate.Refusal(
                $"bad prompt: {Secret}\u001b[31m", status,
                $$$"""{"error":{"message":"{{{Secret}}}","type":"invalid_request_error","param":null,"code":null} }"""),
            new InvalidOperationException(Secret)),
    };

    private sealed class Logs : ILoggerProvider, ILogger
    {
        private readonly List<(LogLevel Level, string Text)> _lines = [];

        public IReadOnlyList<(LogLevel Level, string Text)> Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
            {
                _lines.Add((logLevel, $"{formatter(state, exception)}{(exception is null ? "" : $" {exception}")}"));
            }
        }

        public void Dispose()
        {
        }
    }
}
