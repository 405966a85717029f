using System.Text;
using BestOfN.Testing.Upstream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BestOfN.Gateway.Tests.Observability;

public sealed class TraceExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Traces_go_to_the_receiver_that_the_environment_names_and_hold_nothing_of_the_prompt()
    {
        var received = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var receiver = builder.Build();
        var all = new StringBuilder();
        receiver.MapPost("/v1/traces", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (all)
            {
                // A span is there as soon as its name is: texts stand in protocol buffers as they are.
                all.Append(Encoding.Latin1.GetString(body.ToArray()));
                if (all.ToString().Contains("bestofn.select", StringComparison.Ordinal))
                {
                    received.TrySetResult(all.ToString());
                }
            }
        });
        await receiver.StartAsync(TestGateway.Cancellation);

        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var gateway = GatewayProcess.Start(_folder, GatewayProcess.UpstreamOnly(upstream.Address), [],
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Urls.Single()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"));
        await gateway.SaysAsync("Try: ");
        var address = gateway.Output.Split("Ready: ")[1].Split(['\r', '\n'])[0];
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(address + "/v1/chat/completions"),
            new StringContent(
                """{"model":"remote","messages":[{"role":"user","content":"a very secret prompt"}]}""", Encoding.UTF8,
                "application/json"), TestGateway.Cancellation);
        answer.EnsureSuccessStatusCode();

        var spans = await received.Task.WaitAsync(TimeSpan.FromMinutes(5), TestGateway.Cancellation);
        Assert.Contains("service.name", spans, StringComparison.Ordinal);
        Assert.Contains("bestofn", spans, StringComparison.Ordinal);
        Assert.Contains("gen_ai.request.model", spans, StringComparison.Ordinal);
        Assert.Contains("remote", spans, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", spans, StringComparison.Ordinal);
    }
}
