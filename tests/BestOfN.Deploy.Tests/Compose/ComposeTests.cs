using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace BestOfN.Deploy.Tests.Compose;

public sealed partial class ComposeTests(RunningGateway gateway)
{
    private static readonly ComposeFile s_file = ComposeFile.Read();

    private static IEnumerable<KeyValuePair<string, ComposeFile.Service>> Gateways =>
        s_file.Services.Where(service => service.Value.Build is not null);

    [Fact]
    public void A_misspelt_field_is_found()
    {
        var text = DeployFiles.Read(ComposeFile.Path).Replace("read_only", "readonly", StringComparison.Ordinal);
        Assert.Throws<YamlException>(() => ComposeFile.Parse(text));
    }

    [Fact]
    public void Without_a_profile_there_is_the_gateway_alone()
    {
        Assert.Equal(["gateway"], s_file.Services.Where(service => service.Value.Profiles.Count == 0).Select(service => service.Key));
        Assert.Equal(["observe", "vllm"], s_file.Services.SelectMany(service => service.Value.Profiles).Distinct().Order());
    }

    [Fact]
    public void Gateways_are_built_by_the_Dockerfile_and_run_without_rights()
    {
        Assert.Equal(2, Gateways.Count());
        Assert.All(Gateways.Select(each => each.Value), service =>
        {
            Assert.True(File.Exists(Full(Path.Combine(service.Build!.Context, service.Build.Dockerfile))));
            Assert.All(service.Build.Args.Keys, argument =>
                Assert.Contains($"\nARG {argument}", DeployFiles.Read("deploy/docker/Dockerfile"), StringComparison.Ordinal));
            Assert.True(service.ReadOnly);
            Assert.Equal(["ALL"], service.CapDrop);
            Assert.Equal(["no-new-privileges:true"], service.SecurityOpt);
        });
    }

    [Fact]
    public void Gateways_may_end_their_requests_before_they_are_killed() => Assert.All(Gateways, each =>
        Assert.True(int.Parse(each.Value.StopGracePeriod.TrimEnd('s'), CultureInfo.InvariantCulture) >= gateway.LongestStop.TotalSeconds));

    [Fact]
    public void The_gateways_read_every_variable_and_every_setting() => Assert.All(Gateways, each =>
    {
        var environment = each.Value.Environment.Concat(Docker.DockerfileTests.Environment).ToDictionary();
        var folder = environment.GetValueOrDefault("ASPNETCORE_CONTENTROOT");
        var mount = each.Value.Volumes.Select(volume => volume.Split(':')).FirstOrDefault(volume => volume[^2] == folder);
        var file = mount is null ? "appsettings.json" : Path.Combine("deploy", mount[0], "appsettings.json");
        Assert.Equal(folder is null, mount is null);
        Assert.Empty(Settings.Settings.Problems(gateway, each.Key, environment, file));
    });

    [Fact]
    public void Ports_are_bound_to_this_machine_and_lead_to_the_gateways_own() => Assert.All(
        s_file.Services.Where(service => service.Value.Ports.Count > 0), service =>
        {
            var port = service.Value.Ports.Single().Split(':');
            Assert.Equal("127.0.0.1", port[0]);
            Assert.True(service.Value.Build is null || port[2] == Docker.DockerfileTests.Environment["ASPNETCORE_HTTP_PORTS"]);
        });

    [Fact]
    public void What_is_mounted_is_there()
    {
        var sources = s_file.Services.Values.SelectMany(service => service.Volumes)
            .Where(volume => !volume.StartsWith("${", StringComparison.Ordinal)).Select(volume => volume.Split(':')[0]).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, source =>
        {
            var isThere = source.StartsWith('.')
                ? File.Exists(Full(source)) || Directory.Exists(Full(source)) : s_file.Volumes.ContainsKey(source);
            Assert.True(isThere, source);
        });
    }

    [Fact]
    public void Every_variable_of_the_file_has_a_default_and_is_documented()
    {
        var variables = Variable().Matches(DeployFiles.Read(ComposeFile.Path))
            .Select(match => (Name: match.Groups[1].Value, Default: match.Groups[2].Value)).ToList();
        Assert.NotEmpty(variables);
        Assert.All(variables, variable =>
        {
            Assert.StartsWith(":-", variable.Default, StringComparison.Ordinal);
            Assert.Contains($"`{variable.Name}`", DeployFiles.Read("docs/deploy.md"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Compose_itself_understands_the_file()
    {
        // The plugin of docker, or the program that Debian has.
        var isPlugin = Tool.IsThere("docker") && (await Tool.RunAsync("docker", "compose", "version")).ExitCode == 0;
        Assert.SkipUnless(isPlugin || Tool.IsThere("docker-compose"), "Neither docker compose nor docker-compose is installed.");
        string[] arguments = ["-f", ComposeFile.Path, "--profile", "vllm", "--profile", "observe", "config", "--quiet"];
        var (exitCode, output) = isPlugin
            ? await Tool.RunAsync("docker", ["compose", .. arguments]) : await Tool.RunAsync("docker-compose", arguments);
        Assert.True(exitCode == 0, output);
    }

    private static string Full(string relative) => Path.GetFullPath(relative, DeployFiles.PathOf("deploy"));

    [GeneratedRegex(@"\$\{(\w+)([^}]*)\}")]
    private static partial Regex Variable();
}
