using System.Globalization;
using BestOfN.Gateway.Startup;

namespace BestOfN.Deploy.Tests.Systemd;

public sealed class UnitTests(RunningGateway gateway) : IDisposable
{
    private const string Unit = "deploy/systemd/bestofn.service";

    private static readonly ILookup<string, string> s_settings = File.ReadLines(DeployFiles.PathOf(Unit))
        .Where(line => line.Contains('=', StringComparison.Ordinal) && !line.StartsWith('#'))
        .Select(line => line.Split('=', 2)).ToLookup(pair => pair[0], pair => pair[1]);

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-unit-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_service_starts_the_published_program_and_the_gateway_reads_its_variables()
    {
        Assert.Equal(typeof(Program).Assembly.GetName().Name, Path.GetFileName(s_settings["ExecStart"].Single()));
        var variables = s_settings["Environment"].Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal("/etc/bestofn", variables["ASPNETCORE_CONTENTROOT"]);
        Assert.Empty(Settings.Settings.Problems(gateway, Unit, variables, "appsettings.json"));
    }

    [Fact]
    public void The_service_may_end_its_requests_before_it_is_killed() =>
        Assert.True(int.Parse(s_settings["TimeoutStopSec"].Single(), CultureInfo.InvariantCulture) >= gateway.LongestStop.TotalSeconds);

    [Fact]
    public void Mistakes_in_the_settings_are_not_tried_again_and_again() =>
        Assert.Equal(StartFailure.ExitCode, int.Parse(s_settings["RestartPreventExitStatus"].Single(), CultureInfo.InvariantCulture));

    [Fact]
    public async Task Systemd_itself_understands_the_unit()
    {
        Tool.SkipWithout("systemd-analyze");
        Assert.Equal(("", 0), await VerifyAsync(text => text));
        var (complaint, _) = await VerifyAsync(text => text.Replace("TimeoutStopSec=", "TimeoutStopSecs=", StringComparison.Ordinal));
        Assert.Contains("TimeoutStopSecs", complaint, StringComparison.Ordinal);
    }

    // The program is not installed on this machine, and systemd looks for it.
    private async Task<(string Output, int ExitCode)> VerifyAsync(Func<string, string> change)
    {
        var file = Path.Combine(_folder, "bestofn.service");
        var text = DeployFiles.Read(Unit).Replace(s_settings["ExecStart"].Single(), Environment.ProcessPath, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, change(text), TestContext.Current.CancellationToken);
        var (exitCode, output) = await Tool.RunAsync("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file);
        return (output, exitCode);
    }
}
