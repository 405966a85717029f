using System.Text.Json.Nodes;

namespace BestOfN.Gateway.Tests.Startup;

public sealed class LibtorchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_gateway_that_computes_no_model_itself_loads_no_libtorch(bool hasRewardModel)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells in /proc what a process has loaded.");
        var settings = GatewayProcess.UpstreamOnly(new Uri("http://127.0.0.1:1"), all =>
        {
            if (hasRewardModel)
            {
                all["BestOfN"]!["RewardModels"] = JsonNode.Parse("""{ "judge": { "Protocol": "vllm", "Cluster": "c" } }""");
                all["BestOfN"]!["RewardServer"] = JsonNode.Parse("""{ "Enabled": true }""");
            }
        });
        await using var gateway = GatewayProcess.Start(_folder, settings, []);
        await gateway.SaysAsync("Ready: ");
        var loaded = await File.ReadAllTextAsync($"/proc/{gateway.Id}/maps", TestGateway.Cancellation);
        Assert.Contains("libcoreclr", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("torch", loaded, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("libSkiaSharp", loaded, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Libraries_that_are_not_there_end_the_start_of_a_gateway_that_needs_them_with_a_line()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere TorchSharp's own packages load the libraries.");
        var settings = """
            {
              "BestOfN": {
                "Models": { "m": { "Generator": "folder", "Path": "FOLDER", "Strategy": "first" } }
              }
            }
            """.Replace("FOLDER", Path.Combine(AppContext.BaseDirectory, "config", "models", "pocket-generator"), StringComparison.Ordinal);
        await using var gateway = GatewayProcess.Start(_folder, settings, [], ("BESTOFN_LIBTORCH", _folder));
        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Contains("  BestOfN:Models:m:Path: no model can be computed here. Could not load", gateway.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", gateway.Errors, StringComparison.Ordinal);
    }
}
