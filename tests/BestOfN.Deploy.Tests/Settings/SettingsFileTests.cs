namespace BestOfN.Deploy.Tests.Settings;

public sealed class SettingsFileTests(RunningGateway gateway)
{
    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(DeployFiles.PathOf("deploy"), "appsettings.json", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(DeployFiles.Root, file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_settings_file_has_no_mistake(string file)
    {
        var variables = DeployFiles.Read(file).Contains("VLLM_API_KEY", StringComparison.Ordinal) ? new[] { "VLLM_API_KEY" } : [];
        Assert.Empty(Settings.Problems(gateway, file, variables.ToDictionary(name => name, _ => "k"), file));
    }

    [Fact]
    public void A_mistake_is_found()
    {
        var problems = Settings.Problems(gateway, "here", new Dictionary<string, string>
        {
            ["BestOfN__MaxCandidate"] = "3",
            ["BESTOFN_API_KEY"] = "k",
        }, "deploy/vllm/appsettings.json");
        Assert.Collection(
            problems,
            problem => Assert.Contains("MaxCandidate", problem, StringComparison.Ordinal),
            problem => Assert.Contains("nothing reads the variable BESTOFN_API_KEY", problem, StringComparison.Ordinal),
            problem => Assert.Contains("needs the variable VLLM_API_KEY", problem, StringComparison.Ordinal));
    }
}
