using System.Net;
using System.Net.Sockets;
using System.Text;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Protocols.OpenAI;
using BestOfN.Protocols.Tests.Upstreams;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Logging.Abstractions;

namespace BestOfN.Fuzz.Readers;

/// <summary>Reads what an upstream answers: the input is the body of its answer, over a real socket.</summary>
internal sealed class UpstreamReader
{
    private readonly Lazy<(TcpListener Listener, OpenAIGenerator Generator)> _upstream;
    private volatile byte[] _body = [];

    public UpstreamReader() => _upstream = new(Start);

    public void Read(byte[] input)
    {
        _body = input;
        Generate(_upstream.Value.Generator).GetAwaiter().GetResult();
    }

    private static async Task Generate(OpenAIGenerator generator)
    {
        var request = new GenerationRequest
        {
            Prompt = new Prompt([new ChatMessage("user", "Hi")]),
            Candidates = 2,
            Model = "fake",
            Sampling = new(),
        };
        await using var generation = generator.Start(request, CancellationToken.None);
        await foreach (var _ in generation.Events)
        {
        }
    }

    private (TcpListener Listener, OpenAIGenerator Generator) Start()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(() => AnswerAllAsync(listener));
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/v1/");
        var client = new UpstreamClient(
            new LoopbackDestinations(address), new UpstreamOptions { RetryDelay = TimeSpan.Zero }, TimeProvider.System);
        return (listener, new OpenAIGenerator(client, ChoiceCalls.Auto, TimeProvider.System, NullLogger<OpenAIGenerator>.Instance));
    }

    private async Task AnswerAllAsync(TcpListener listener)
    {
        while (true)
        {
            _ = AnswerAsync(await listener.AcceptTcpClientAsync());
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var request = new byte[1 << 16];
                for (var length = 0; length < request.Length && !IsWhole(request.AsSpan(0, length));)
                {
                    var read = await stream.ReadAsync(request.AsMemory(length));
                    if (read == 0)
                    {
                        return;
                    }

                    length += read;
                }

                var body = _body;
                var type = body.AsSpan().StartsWith("{"u8) ? "application/json" : "text/event-stream";
                await stream.WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"));
                await stream.WriteAsync(body);
            }
            catch (IOException)
            {
                // The reader had seen enough.
            }
        }
    }

    private static bool IsWhole(ReadOnlySpan<byte> request)
    {
        var end = request.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var headers = Encoding.ASCII.GetString(request[..end]);
        var at = headers.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? request.EndsWith("0\r\n\r\n"u8) : request.Length - end - 4 >= int.Parse(
            headers.AsSpan(at + 16).Trim().ToString().Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}
