using System.Net;
using System.Net.Sockets;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Startup;

/// <summary>What an operator sees when the gateway cannot start, or reads a changed settings file.</summary>
public sealed class StartFailureTests : IDisposable
{
    private static readonly Uri _nobody = new("http://127.0.0.1:1");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Mistakes_of_all_sections_are_told_together_one_on_a_line_each_with_its_path()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "strange"));
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "strange", "config.json"), """{"architectures":["BertModel"]}""", TestGateway.Cancellation);
        var errors = await FailAsync("""
            {
              "Loging": { "LogLevel": { "Default": "Debug" } },
              "BestOfM": {},
              "Logging": { "LogLevel": { "Default": "Loud" }, "Console": { "FormaterName": "json" } },
              "Kestrel": { "Endpoint": {} },
              "BestOfN": {
                "Candidates": "many",
                "Models": {
                  "a": { "Generator": "upstream", "Cluster": "vlm" },
                  "b": { "Generator": "upstraem", "Cluster": "vllm" },
                  "c": { "Generator": "folder", "Path": "strange", "RewardModel": "judg" },
                  "d": "pocket"
                },
                "RewardModels": { "judge": { "Path": "no-such-folder" }, "odd": { "Path": "strange" } }
              },
              "Upstreams": { "TotalTimeout": "5 minutes", "Retries": -1, "RetryDelaay": "00:00:01", "AttemptTimeout": { "Seconds": 5 } },
              "ReverseProxy": {
                "Cluster": {},
                "Clusters": {
                  "vllm": {
                    "LoadBalancingPolicy": "Best",
                    "HealthChek": {},
                    "HealthCheck": { "Active": { "Interval": "2s", "Enabled": "perhaps" }, "Passive": true },
                    "HttpClient": { "SslProtocols": "Tls12", "MaxConnectionsPerServer": "few" },
                    "Metadata": { "ApiKeyVarable": "KEY", "Choices": "many" },
                    "Destinations": { "a": { "Address": "localhost:8000" }, "b": { "Adress": "http://127.0.0.1:8001" } }
                  },
                  "empty": {}
                },
                "Routes": {
                  "rest": { "ClusterId": "vllmm", "Match": { "Path": "/v1/{**rest}" }, "Ordr": 3 },
                  "nowhere": { "Match": { "Path": "/{unclosed" } }
                }
              }
            }
            """);

        foreach (var line in (string[])
            [
                "Loging: there is no such section in appsettings.json. Did you mean 'Logging'?",
                "BestOfM: there is no such section in appsettings.json. Did you mean 'BestOfN'?",
                "Logging:LogLevel:Default: 'Loud' is not one of Trace",
                "Logging:Console:FormaterName: there is no such setting. Did you mean 'FormatterName'?",
                "Kestrel:Endpoint: there is no such setting. Did you mean 'Endpoints'?",
                "BestOfN:Candidates: 'many' is not a whole number.",
                "BestOfN:Models:a:Cluster: there is no cluster 'vlm' under ReverseProxy:Clusters. Did you mean 'vllm'?",
                "BestOfN:Models:b:Generator: 'upstraem' is not one of folder, gguf, upstream. Did you mean 'upstream'?",
                "BestOfN:Models:c:Path: ",
                "BestOfN:Models:c:RewardModel: there is no 'judg' under BestOfN:RewardModels. Did you mean 'judge'?",
                "BestOfN:Models:d: must be a group of settings, but is 'pocket'.",
                $"BestOfN:RewardModels:judge:Path: there is no folder '{Path.Combine(_folder, "no-such-folder")}'.",
                "BestOfN:RewardModels:odd:Path: ",
                "Upstreams:TotalTimeout: '5 minutes' is not a time span such as 00:00:30.",
                "Upstreams:Retries: ",
                "Upstreams:RetryDelaay: there is no such setting. Did you mean 'RetryDelay'?",
                "Upstreams:AttemptTimeout: must be a time span such as 00:00:30, but is a group of settings.",
                "ReverseProxy:Cluster: there is no such setting. Did you mean 'Clusters'?",
                "ReverseProxy:Clusters:vllm:HealthChek: there is no such setting. Did you mean 'HealthCheck'?",
                "ReverseProxy:Clusters:vllm:HealthCheck:Active:Interval: '2s' is not a time span such as 00:00:30.",
                "ReverseProxy:Clusters:vllm:HealthCheck:Active:Enabled: 'perhaps' is not true or false.",
                "ReverseProxy:Clusters:vllm:HealthCheck:Passive: must be a group of settings, but is 'True'.",
                "ReverseProxy:Clusters:vllm:HttpClient:SslProtocols: must be a list, but is 'Tls12'.",
                "ReverseProxy:Clusters:vllm:HttpClient:MaxConnectionsPerServer: 'few' is not a whole number.",
                "ReverseProxy:Clusters:vllm:Metadata:ApiKeyVarable: there is no such setting. Did you mean 'ApiKeyVariable'?",
                "ReverseProxy:Clusters:vllm:Metadata:Choices: 'many' is not known; it must be auto, single or multiple.",
                "ReverseProxy:Clusters:vllm:Destinations:a:Address: 'localhost:8000' is not an address that begins with http:// or "
                    + "https://.",
                "ReverseProxy:Clusters:vllm:Destinations:b:Adress: there is no such setting. Did you mean 'Address'?",
                "ReverseProxy:Clusters:vllm:Destinations:b:Address: is missing",
                "ReverseProxy:Clusters:vllm: ", // the policy, in YARP's words
                "ReverseProxy:Clusters:empty:Destinations: there is none",
                "ReverseProxy:Routes:rest:ClusterId: there is no cluster 'vllmm' under ReverseProxy:Clusters. Did you mean 'vllm'?",
                "ReverseProxy:Routes:rest:Ordr: there is no such setting. Did you mean 'Order'?",
                "ReverseProxy:Routes:nowhere:ClusterId: must name a cluster",
                "ReverseProxy:Routes:nowhere: ",
            ])
        {
            Assert.Contains(errors, error => error.StartsWith("  " + line, StringComparison.Ordinal));
        }

        Assert.Contains(errors, error => error.Contains("found BertModel", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("'Best'", StringComparison.Ordinal));
        Assert.StartsWith("The gateway cannot start, for ", errors[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "BestOfN": { "Candidates": 3, """, "appsettings.json")]
    [InlineData(
        """{ "BestOfN": { "Models": { "m": { "Generator": "upstream" }, "M": { "Generator": "upstream" } } } }""",
        "BestOfN:Models:M:Generator")]
    public async Task A_file_that_is_no_JSON_or_names_a_setting_twice_is_told_in_one_line(string settings, string expected)
    {
        var errors = await FailAsync(settings);
        Assert.Equal(2, errors.Length);
        Assert.Contains(expected, errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_address_is_told_in_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}";
        var errors = await FailAsync(GatewayProcess.UpstreamOnly(_nobody), "--urls", address);
        Assert.Equal(2, errors.Length);
        Assert.Contains(address, errors[1], StringComparison.Ordinal);
        Assert.Contains("in use", errors[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "certificate")]
    [InlineData("missing.pem", "missing.pem")]
    public async Task A_missing_certificate_is_told_in_one_line(string? certificate, string expected)
    {
        var arguments = certificate is null ? [] : new[] { $"--Kestrel:Certificates:Default:Path={certificate}" };
        var errors = await FailAsync(GatewayProcess.UpstreamOnly(_nobody), ["--urls", "https://127.0.0.1:0", .. arguments]);
        Assert.Equal(2, errors.Length);
        Assert.Contains(expected, errors[1], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_other_software_keeps_in_the_environment_and_what_NET_reads_there_is_no_mistake()
    {
        await using var gateway = GatewayProcess.Start(_folder, GatewayProcess.UpstreamOnly(_nobody), ["--urls", "http://127.0.0.1:0"],
            ("MYSQL__HOST", "db"), ("DOTNET_Something", "1"), ("ASPNETCORE_Whatever", "1"), ("Logging__Console__FormatterName", "json"),
            ("Logging__LogLevel__Default", "Debug"));
        await gateway.SaysAsync("Ready: ");
        Assert.Contains("""{"EventId":""", gateway.Output, StringComparison.Ordinal);
        Assert.Equal("", gateway.Errors.Trim());
    }

    [Fact]
    public async Task A_changed_file_with_mistakes_is_not_used_and_the_log_says_so_and_what_waits_for_a_restart_is_named()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("good");
        await using var gateway = GatewayProcess.Start(
            _folder, GatewayProcess.UpstreamOnly(upstream.Address), [], ("DOTNET_USE_POLLING_FILE_WATCHER", "1"));
        await gateway.SaysAsync("Ready: ");

        await ChangeAsync(settings => settings.Replace("Address", "Adress", StringComparison.Ordinal));
        await gateway.SaysAsync("ReverseProxy:Clusters:c:Destinations:d:Adress: there is no such setting.");
        await ChangeAsync(_ => "{ broken");
        await gateway.SaysAsync("is an invalid start of a property name");
        await ChangeAsync(_ => GatewayProcess.UpstreamOnly(upstream.Address, settings => settings["BestOfN"]!["MaxCandidates"] = 9));
        await gateway.SaysAsync("wait for a restart of the gateway: BestOfN:MaxCandidates");
    }

    private async Task ChangeAsync(Func<string, string> change)
    {
        var path = Path.Combine(_folder, "appsettings.json");
        await File.WriteAllTextAsync(path, change(await File.ReadAllTextAsync(path, TestGateway.Cancellation)), TestGateway.Cancellation);
    }

    private async Task<string[]> FailAsync(string settings, params string[] arguments)
    {
        await using var gateway = GatewayProcess.Start(_folder, settings, arguments);
        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Equal("", gateway.Output.Trim());
        Assert.DoesNotContain("   at ", gateway.Errors, StringComparison.Ordinal);
        return gateway.Errors.TrimEnd().Split(Environment.NewLine);
    }
}
