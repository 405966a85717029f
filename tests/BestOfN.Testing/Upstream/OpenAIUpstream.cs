using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BestOfN.Testing.Upstream;

/// <summary>An OpenAI-like server on a loopback port of its own, which answers by script and fails on demand.</summary>
/// <remarks>With a seed in the request, choice i says answer (seed + i) modulo their number; without, answers are dealt in turn.</remarks>
public sealed class OpenAIUpstream : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<Fault> _faults = new();
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _dealt;

    private OpenAIUpstream(WebApplication server) => _server = server;

    public Uri Address => new(_server.Urls.Single());

    public IReadOnlyList<ScriptedAnswer> Answers { get; set; } = [ScriptedAnswer.Saying("Hello", " world")];

    public ChoiceSupport Choices { get; set; } = ChoiceSupport.Makes;

    public int Slots { get; set; } = int.MaxValue;

    public UsageReport Usage { get; set; } = UsageReport.Right;

    /// <summary>Prompt tokens of every request.</summary>
    public int PromptTokens { get; set; } = 7;

    /// <summary>Answers whole although a stream was asked for.</summary>
    public bool IgnoresStream { get; set; }

    /// <summary>Lines end with CR LF, comments and multi-line data are put in, and bytes come in small writes.</summary>
    public bool StreamsAwkwardly { get; set; }

    /// <summary>The body with which a request is refused (400); null: it is not.</summary>
    public Func<RecordedRequest, string?> Refuses { get; set; } = _ => null;

    /// <summary>What happens to every request that no queued fault hits.</summary>
    public Fault? Always { get; set; }

    /// <summary>Whether <c>GET /v1/models</c> says that all is well.</summary>
    public bool IsReady { get; set; } = true;

    /// <summary>Every request but those for <c>/v1/models</c>.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    /// <summary>Requests that have come in.</summary>
    public Counter Arrived { get; } = new();

    /// <summary>Requests whose client went away before the answer was complete.</summary>
    public Counter Aborted { get; } = new();

    /// <summary>Choices that wait because their script says so.</summary>
    public Counter Hung { get; } = new();

    /// <summary>Requests for <c>/v1/models</c>.</summary>
    public Counter Probed { get; } = new();

    /// <summary>Authorization of the last request for <c>/v1/models</c>; empty if it had none.</summary>
    public string? ProbedWith { get; private set; }

    public static async Task<OpenAIUpstream> StartAsync(params ScriptedAnswer[] answers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var upstream = new OpenAIUpstream(server);
        if (answers.Length > 0)
        {
            upstream.Answers = answers;
        }

        server.MapGet("/v1/models", upstream.ModelsAsync);
        server.MapPost("/v1/chat/completions", context => upstream.RecordAsync(context, upstream.CompleteAsync));
        server.MapFallback(context => upstream.RecordAsync(context, (other, _) => EchoAsync(other)));
        await server.StartAsync();
        return upstream;
    }

    public static Task<OpenAIUpstream> StartAsync(params string[] answers) =>
        StartAsync([.. answers.Select(answer => ScriptedAnswer.Saying(answer))]);

    /// <summary>The next requests meet these, one each.</summary>
    public void Next(params ReadOnlySpan<Fault> faults)
    {
        foreach (var fault in faults)
        {
            _faults.Enqueue(fault);
        }
    }

    /// <summary>Whatever hangs goes on.</summary>
    public void GoOn() => _goOn.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _goOn.TrySetResult();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _server.StopAsync(now.Token); // Hanging answers are cut off.
        await _server.DisposeAsync();
    }

    private async Task RecordAsync(HttpContext context, Func<HttpContext, RecordedRequest, Task> answer)
    {
        using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
        var request = new RecordedRequest(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            await body.ReadToEndAsync(),
            context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        _requests.Enqueue(request);
        context.Response.Headers["x-request-id"] = "the-upstreams-own";
        Arrived.Increment();
        try
        {
            await (_faults.TryDequeue(out var fault) || (fault = Always) is not null ? fault.Happen(context) : answer(context, request));
        }
        catch (Exception exception)
            when (exception is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            Aborted.Increment();
        }
    }

    private Task ModelsAsync(HttpContext context)
    {
        ProbedWith = context.Request.Headers.Authorization.ToString();
        Probed.Increment();
        context.Response.StatusCode = IsReady ? 200 : 503;
        return context.Response.WriteAsJsonAsync(
            new { @object = "list", data = new[] { new { id = "fake", @object = "model", created = 1, owned_by = "tests" } } });
    }

    private static Task EchoAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"path":"{{context.Request.Path}}"}""");
    }

    private async Task CompleteAsync(HttpContext context, RecordedRequest request)
    {
        if (Refuses(request) is { } refusal)
        {
            await Fault.Answering(400, refusal).Happen(context);
            return;
        }

        var json = request.Json;
        var n = json.TryGetProperty("n", out var number) ? number.GetInt32() : 1;
        if (n > 1 && Choices is ChoiceSupport.Refuses)
        {
            await RefuseAsync(context, "Only one completion choice is allowed");
            return;
        }

        if (n > Slots)
        {
            await RefuseAsync(context, "n_cmpl cannot be greater than the number of slots, please increase -np");
            return;
        }

        n = Choices is ChoiceSupport.Ignores ? 1 : n;
        var first = json.TryGetProperty("seed", out var seed) ? (int)seed.GetInt64() : Interlocked.Add(ref _dealt, n) - n;
        var answers = Enumerable.Range(first, n).Select(i => Answers[i % Answers.Count]).ToArray();
        var isStream = !IgnoresStream && json.TryGetProperty("stream", out var stream) && stream.GetBoolean();
        await (isStream ? StreamAsync(context, answers) : WriteWholeAsync(context, answers));
    }

    private static Task RefuseAsync(HttpContext context, string message) =>
        Fault.Answering(400, $$$"""{"error":{"code":400,"message":"{{{message}}}","type":"invalid_request_error"}}""").Happen(context);

    private Task WriteWholeAsync(HttpContext context, ScriptedAnswer[] answers)
    {
        var choices = answers.Select((answer, index) =>
            $$"""{"index":{{index}},"message":{{answer.Message}},"finish_reason":{{JsonSerializer.Serialize(answer.FinishReason)}}}""");
        return Fault.Answering(200,
            $$"""{"id":"1","object":"chat.completion","created":1,"model":"fake","""
            + $$""" "choices":[{{string.Join(",", choices)}}]{{UsageOf(answers)}}}""").Happen(context);
    }

    private async Task StreamAsync(HttpContext context, ScriptedAnswer[] answers)
    {
        context.Response.ContentType = "text/event-stream";
        var gone = context.RequestAborted;
        for (var index = 0; index < answers.Length; index++)
        {
            await SendChoiceAsync(context, index, """{"role":"assistant","content":null}""", null, "null");
        }

        var hung = new bool[answers.Length];
        var longest = answers.Max(answer => answer.Deltas.Count);
        for (var piece = 0; piece <= longest; piece++)
        {
            for (var index = 0; index < answers.Length; index++)
            {
                var answer = answers[index];
                if (answer.EndsAfter == piece)
                {
                    return;
                }

                if (answer.BreaksAfter == piece)
                {
                    // The server closes the connection without the body's end. (An abort would
                    // throw away what the client has not read yet.)
                    throw new InvalidOperationException("Broken by script.");
                }

                if (answer.HangsAfter == piece)
                {
                    hung[index] = true;
                    Hung.Increment();
                }

                if (!hung[index] && piece < answer.Deltas.Count)
                {
                    await SendChoiceAsync(context, index, answer.Deltas[piece], answer.Logprobs ? answer.TokensPerPiece : null, "null");
                }
                else if (!hung[index] && piece == answer.Deltas.Count && answer.FinishReason is not null)
                {
                    await SendChoiceAsync(context, index, "{}", null, JsonSerializer.Serialize(answer.FinishReason));
                }
            }
        }

        if (hung.Contains(true))
        {
            await _goOn.Task.WaitAsync(gone);
            for (var index = 0; index < answers.Length; index++)
            {
                for (var piece = answers[index].HangsAfter ?? int.MaxValue; piece < answers[index].Deltas.Count; piece++)
                {
                    await SendChoiceAsync(context, index, answers[index].Deltas[piece], null, "null");
                }

                if (hung[index])
                {
                    await SendChoiceAsync(context, index, "{}", null, JsonSerializer.Serialize(answers[index].FinishReason));
                }
            }
        }

        if (Usage is not UsageReport.Missing)
        {
            await SendAsync(
                context, $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[]{{UsageOf(answers)}}}""");
        }

        await SendAsync(context, "[DONE]");
    }

    private Task SendChoiceAsync(HttpContext context, int index, string delta, int? logprobs, string finishReason)
    {
        var tokens = Enumerable.Repeat("""{"token":"t","logprob":-0.10,"bytes":[116],"top_logprobs":[]}""", logprobs ?? 0);
        var logprobsJson = logprobs is null ? "null" : $$"""{"content":[{{string.Join(",", tokens)}}],"refusal":null}""";
        return SendAsync(context,
            $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"fake","""
            + $$""" "choices":[{"finish_reason":{{finishReason}},"index":{{index}},"delta":{{delta}},"logprobs":{{logprobsJson}}}]}""");
    }

    private async Task SendAsync(HttpContext context, string data)
    {
        var gone = context.RequestAborted;
        gone.ThrowIfCancellationRequested();
        if (!StreamsAwkwardly)
        {
            await context.Response.WriteAsync($"data: {data}\n\n", gone);
            await context.Response.Body.FlushAsync(gone);
            return;
        }

        // A line break is allowed between JSON tokens; the reader joins the lines with \n.
        var lines = data.StartsWith('{') ? $"data:{{\r\ndata: {data[1..]}" : $"data: {data}";
        foreach (var bytes in Encoding.UTF8.GetBytes($": still here\r\nevent: message\r\nid: 1\r\n{lines}\r\n\r\n").Chunk(3))
        {
            await context.Response.Body.WriteAsync(bytes, gone);
            await context.Response.Body.FlushAsync(gone);
        }
    }

    private string UsageOf(ScriptedAnswer[] answers)
    {
        if (Usage is UsageReport.Missing)
        {
            return "";
        }

        var each = answers.Select(answer => answer.Deltas.Count * answer.TokensPerPiece).ToArray();
        var completion = Usage switch { UsageReport.Zero => 0, UsageReport.FirstChoiceOnly => each[0], _ => each.Sum() };
        var prompt = Usage is UsageReport.Zero ? 0 : PromptTokens;
        return string.Create(CultureInfo.InvariantCulture,
            $",\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\"total_tokens\":{prompt + completion}}}");
    }
}
