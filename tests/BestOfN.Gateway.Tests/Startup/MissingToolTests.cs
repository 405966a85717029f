using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace BestOfN.Gateway.Tests.Startup;

public sealed class MissingToolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_video_where_ffmpeg_is_not_installed_is_a_503_that_says_so_and_no_accident_in_the_log(int candidates)
    {
        // The shipped settings and models, from the program's own folder, but on a machine without tools.
        var models = Path.Combine(AppContext.BaseDirectory, "config", "models");
        var settings = $$"""
            {
              "BestOfN": {
                "ListenUrl": "http://127.0.0.1:0",
                "Models": { "pocket": { "Generator": "folder", "Path": "{{models}}/pocket-generator", "RewardModel": "pocket-reward" } },
                "RewardModels": { "pocket-reward": { "Path": "{{models}}/pocket-reward" } }
              }
            }
            """;
        await using var gateway = GatewayProcess.Start(_folder, settings, [], ("PATH", _folder));
        await gateway.SaysAsync("Try: ");
        var address = gateway.Output.Split("Ready: ")[1].Split(['\r', '\n'])[0];
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(address + "/v1/chat/completions"), new StringContent($$$"""
            {"model":"pocket","best_of_n":{{{candidates}}},"messages":[{"role":"user","content":[
              {"type":"video_url","video_url":{"url":"data:video/mp4;base64,AAAAGGZ0eXBpc29tAAACAGlzb21tcDQy"}},
              {"type":"text","text":"What is this?"}]}]}
            """, Encoding.UTF8, "application/json"), TestGateway.Cancellation);

        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestGateway.Cancellation))!["error"]!;
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "videos_unavailable", null),
            (answer.StatusCode, (string?)error["code"], (string?)error["param"]));
        Assert.Contains("ffmpeg", (string?)error["message"], StringComparison.Ordinal);
        await gateway.SaysAsync("POST /v1/chat/completions 503");
        Assert.DoesNotContain("   at ", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", gateway.Output, StringComparison.Ordinal);
    }
}
