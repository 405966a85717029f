using System.Diagnostics;
using System.Text.Json.Nodes;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Startup;

/// <summary>What an operator sees of a start that succeeds.</summary>
public sealed class StartMessageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_start_ends_with_the_address_the_models_and_a_request_that_can_be_pasted_and_says_nothing_else()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var gateway = GatewayProcess.Start(_folder, GatewayProcess.UpstreamOnly(upstream.Address), []);
        await gateway.SaysAsync("Try: ");
        var lines = gateway.Output.TrimEnd().Split(Environment.NewLine).Select(line => line.Trim()).ToArray();

        Assert.Equal(["info:", "remote is ready", "info:"], (string[])[lines[0][..5], lines[1], lines[2][..5]]);
        Assert.Equal(7, lines.Length);
        Assert.StartsWith("Ready: http://127.0.0.1:", lines[3], StringComparison.Ordinal);
        Assert.Equal($"Page: {lines[3]["Ready: ".Length..]}/", lines[4]);
        Assert.Equal("Models: remote (N = 1, no reward model)", lines[5]);
        Assert.Equal("", gateway.Errors.Trim());

        var command = lines[6]["Try: ".Length..];
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/curl"), "There is no curl here.");
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true })!;
        var answer = await shell.StandardOutput.ReadToEndAsync(TestGateway.Cancellation);
        Assert.Equal("good", (string?)JsonNode.Parse(answer)!["choices"]![0]!["message"]!["content"]);
    }

    [Theory]
    [InlineData("ASPNETCORE_HTTP_PORTS", "0")]
    [InlineData("ASPNETCORE_URLS", "http://*:0")]
    public async Task In_a_container_the_environment_says_where_to_listen_without_a_warning(string variable, string value)
    {
        var settings = GatewayProcess.UpstreamOnly(
            new Uri("http://127.0.0.1:1"), settings => settings["BestOfN"]!["ListenUrl"] = "http://192.0.2.1:1");
        await using var gateway = GatewayProcess.Start(_folder, settings, [], (variable, value));
        await gateway.SaysAsync("Ready: http://[::]:");
        Assert.DoesNotContain("warn", gateway.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_word_for_a_model_folder_is_still_read_with_one_warning_that_names_the_new_one()
    {
        var models = Path.Combine(AppContext.BaseDirectory, "config", "models");
        await using var gateway = GatewayProcess.Start(_folder, $$"""
            {
              "BestOfN": {
                "ListenUrl": "http://127.0.0.1:0",
                "Models": { "m": { "Generator": "pocket", "Path": "{{models}}/pocket-generator", "Strategy": "first" } }
              }
            }
            """, []);
        await gateway.SaysAsync("Ready: http://");
        Assert.Single(gateway.Output.Split(Environment.NewLine), line => line.StartsWith("warn", StringComparison.Ordinal));
        Assert.Contains(
            "BestOfN:Models:m:Generator: 'pocket' is an old word, which is still read; write 'folder'", gateway.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_key_is_written_into_the_home_folder()
    {
        await using var gateway = GatewayProcess.Start(
            _folder, GatewayProcess.UpstreamOnly(new Uri("http://127.0.0.1:1")), [], ("HOME", _folder));
        await gateway.SaysAsync("Ready: ");
        Assert.False(Directory.Exists(Path.Combine(_folder, ".aspnet")));
    }
}
