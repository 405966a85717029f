using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BestOfN.Deploy.Tests.Published;

public sealed class PublishedTests
{
    private const string Reward = "config/models/pocket-reward";

    private static string Gateway => Path.Combine(PublishedFolder.Of("gateway"), "BestOfN.Gateway");

    [Fact]
    public void Nothing_is_published_that_is_not_needed()
    {
        var files = new[] { "gateway", "cli" }.Select(PublishedFolder.Of)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).ToList();
        Assert.Equal([], files.Where(file => Path.GetExtension(file) is ".pdb" or ".dbg"));
        Assert.Equal([], files.Where(file => Path.GetFileName(file) is "createdump" or "libmscordaccore.so" or "libmscordbi.so"));
        Assert.Equal([], files.Where(file => file.Contains("/runtimes/", StringComparison.Ordinal)
            && !file.Contains("/runtimes/linux-x64/", StringComparison.Ordinal)));
        var native = files.Where(file => file.Contains("/gateway/torch/", StringComparison.Ordinal)).Select(Path.GetFileName).Order();
        Assert.Equal(["libLibTorchSharp.so", "libc10.so", "libgomp-98b21ff3.so.1", "libtorch.so", "libtorch_cpu.so"], native);
    }

    [Fact]
    public async Task The_gateway_answers_with_the_pocket_models()
    {
        var port = FreePort();
        await using var gateway = new PublishedProcess(Gateway, ["--urls", $"http://127.0.0.1:{port}"]);
        await gateway.SaysAsync("Ready: ");
        using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };
        using var answer = await client.PostAsync("/v1/chat/completions", Question("pocket", 4), TestContext.Current.CancellationToken);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(4, json.RootElement.GetProperty("best_of_n").GetProperty("scored").GetInt32());
    }

    [Fact]
    public async Task After_SIGTERM_a_running_request_is_answered_and_the_gateway_ends_with_exit_code_0()
    {
        var (asked, may) = (new TaskCompletionSource(), new TaskCompletionSource());
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        await using var upstream = builder.Build();
        upstream.Urls.Add("http://127.0.0.1:0");
        upstream.MapPost("/v1/chat/completions", async () =>
        {
            asked.TrySetResult();
            await may.Task;
            return Results.Content(
                """
                { "id": "a", "object": "chat.completion", "created": 1, "model": "m",
                  "choices": [{ "index": 0, "message": { "role": "assistant", "content": "late" }, "finish_reason": "stop" }] }
                """,
                "application/json");
        });
        await upstream.StartAsync(TestContext.Current.CancellationToken);

        var port = FreePort();
        await using var gateway = new PublishedProcess(
            Gateway, ["--urls", $"http://127.0.0.1:{port}"], ("BestOfN__ShutdownDelay", "00:00:00"),
            ("BestOfN__Models__remote__Generator", "upstream"), ("BestOfN__Models__remote__Cluster", "c"),
            ("BestOfN__Models__remote__Candidates", "1"), ("ReverseProxy__Clusters__c__Destinations__d__Address", upstream.Urls.First()));
        await gateway.SaysAsync("Ready: ");
        using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };
        var answer = client.PostAsync("/v1/chat/completions", Question("remote", 1), TestContext.Current.CancellationToken);
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.Equal(0, (await Tool.RunAsync("/bin/kill", "-TERM", $"{gateway.Id}")).ExitCode);
        await gateway.SaysAsync("Stopping: no new connections");
        await AssertRefusedAsync(port);
        may.SetResult();

        using var response = await answer;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("late", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task The_command_line_reads_a_pocket_model()
    {
        var folder = PublishedFolder.Of("cli");
        await using var version = new PublishedProcess(Path.Combine(folder, "bestofn"), ["--version"]);
        Assert.Equal(0, await version.ExitAsync());
        await using var inspect = new PublishedProcess(Path.Combine(folder, "bestofn"), ["inspect", Path.Combine(folder, Reward)]);
        Assert.True(await inspect.ExitAsync() == 0, inspect.Output);
    }

    private static StringContent Question(string model, int candidates) => new(
        $$"""
        { "model": "{{model}}", "best_of_n": { "n": {{candidates}}, "return": "scores" }, "seed": 1,
          "messages": [{ "role": "user", "content": "Which two of 24 1 28 13 26 21 add up to 47?" }] }
        """,
        Encoding.UTF8, "application/json");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The listener closes a moment after the message.</summary>
    private static async Task AssertRefusedAsync(int port)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            }
            catch (SocketException)
            {
                return;
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail("New connections are still accepted.");
    }
}
