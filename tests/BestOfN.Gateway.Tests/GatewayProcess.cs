using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace BestOfN.Gateway.Tests;

/// <summary>The program itself, as an operator starts it: in a folder of its own with a settings file of its own.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];

    private GatewayProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Add(_errors, line.Data);
    }

    public int Id => _process.Id;

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    /// <param name="folder">Where the settings are written to and relative paths begin.</param>
    /// <param name="settings">The text of appsettings.json; null: there is none.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">More variables.</param>
    public static GatewayProcess Start(
        string folder, string? settings, string[] arguments, params (string Name, string Value)[] environment)
    {
        if (settings is not null)
        {
            File.WriteAllText(Path.Combine(folder, "appsettings.json"), settings);
        }

        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["ASPNETCORE_CONTENTROOT"] = folder;
        start.Environment["DOTNET_gcServer"] = "0";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var gateway = new GatewayProcess(new Process { StartInfo = start });
        gateway._process.Start();
        gateway._process.BeginOutputReadLine();
        gateway._process.BeginErrorReadLine();
        return gateway;
    }

    /// <summary>Settings of a gateway with one model behind an upstream.</summary>
    public static string UpstreamOnly(Uri upstream, Action<JsonObject>? change = null)
    {
        var settings = JsonNode.Parse($$"""
            {
              "BestOfN": {
                "ListenUrl": "http://127.0.0.1:0",
                "Models": { "remote": { "Generator": "upstream", "Cluster": "c", "Candidates": 1 } }
              },
              "ReverseProxy": { "Clusters": { "c": { "Destinations": { "d": { "Address": "{{upstream}}" } } } } }
            }
            """)!.AsObject();
        change?.Invoke(settings);
        return settings.ToJsonString();
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(5));
        return _process.ExitCode;
    }

    /// <summary>Waits until standard output holds a text.</summary>
    public Task SaysAsync(string text)
    {
        lock (_output)
        {
            if (_output.ToString().Contains(text, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((text, seen));
            return seen.Task.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private void Add(StringBuilder text, string? line)
    {
        lock (_output)
        {
            text.AppendLine(line);
            foreach (var (_, seen) in _awaited.Where(each => _output.ToString().Contains(each.Text, StringComparison.Ordinal)))
            {
                seen.TrySetResult();
            }
        }
    }

    private string Read(StringBuilder text)
    {
        lock (_output)
        {
            return text.ToString();
        }
    }
}
