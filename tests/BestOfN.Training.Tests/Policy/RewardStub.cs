using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace BestOfN.Training.Tests.Policy;

/// <summary>A reward server that speaks vLLM's <c>/classify</c> over messages, on a loopback port of its own.</summary>
internal sealed class RewardStub : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<string, (int Status, object Body)> _answer;

    /// <param name="answer">From the text of the judged answer to what is sent.</param>
    public RewardStub(Func<string, (int Status, object Body)> answer)
    {
        _answer = answer;
        Url = FreeUrl();
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public string Url { get; }

    /// <summary>Paths, keys and model names of all calls.</summary>
    public ConcurrentQueue<(string Path, string? Key, string? Model, int Messages)> Calls { get; } = new();

    public static (int, object) Reward(object? value) => (200, new { data = new[] { new { index = 0, probs = new[] { value } } } });

    /// <summary>An address where nothing listens.</summary>
    public static string FreeUrl()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = await JsonDocument.ParseAsync(context.Request.InputStream);
            var messages = body.RootElement.GetProperty("messages");
            Calls.Enqueue((
                context.Request.Url!.AbsolutePath, context.Request.Headers["Authorization"],
                body.RootElement.TryGetProperty("model", out var model) ? model.GetString() : null, messages.GetArrayLength()));
            var (status, answer) = _answer(messages[messages.GetArrayLength() - 1].GetProperty("content").GetString()!);
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(answer));
            context.Response.Close();
        }
    }
}
