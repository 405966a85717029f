using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Xml.Linq;

namespace BestOfN.Deploy.Tests.Docker;

public sealed class DockerfileTests(RunningGateway gateway)
{
    private const string Path = "deploy/docker/Dockerfile";

    private static readonly IReadOnlyList<Dockerfile> s_file = Dockerfile.Read(DeployFiles.PathOf(Path));

    /// <summary>The variables of the container.</summary>
    internal static IReadOnlyDictionary<string, string> Environment { get; } = s_file
        .Where(instruction => instruction is { Name: "ENV", Stage: "run" })
        .SelectMany(instruction => instruction.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    private static string[] Copied =>
    [
        .. s_file.Where(instruction => instruction.Name == "COPY").Select(instruction => instruction.Arguments.Split(' '))
            .Where(words => !words[0].StartsWith("--from", StringComparison.Ordinal)).SelectMany(words => words[..^1]),
    ];

    [Fact]
    public void Both_stages_are_images_of_NET_10_on_Ubuntu_24_04() => Assert.Equal(
        ["mcr.microsoft.com/dotnet/sdk:10.0-noble AS build", "mcr.microsoft.com/dotnet/runtime-deps:10.0-noble AS run"],
        s_file.Where(instruction => instruction.Name == "FROM").Select(instruction => instruction.Arguments));

    [Fact]
    public void Whatever_is_copied_exists_and_is_sent_to_the_builder()
    {
        string[] sent =
            [.. File.ReadLines(DeployFiles.PathOf(Path + ".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..])];
        Assert.NotEmpty(Copied);
        Assert.All(Copied, source =>
        {
            var folder = System.IO.Path.GetDirectoryName(source)!;
            Assert.NotEmpty(Directory.GetFileSystemEntries(DeployFiles.PathOf(folder), System.IO.Path.GetFileName(source)));
            Assert.Contains(sent, each => source == each || source.StartsWith(each + "/", StringComparison.Ordinal));
        });
        Assert.All(sent, each => Assert.True(File.Exists(DeployFiles.PathOf(each)) || Directory.Exists(DeployFiles.PathOf(each)), each));
    }

    [Fact]
    public void Every_project_of_the_gateway_is_there_before_packages_are_restored()
    {
        var needed = new Queue<string>(["src/BestOfN.Gateway/BestOfN.Gateway.csproj"]);
        HashSet<string> seen = [];
        while (needed.TryDequeue(out var project))
        {
            if (seen.Add(project))
            {
                var xml = XDocument.Load(DeployFiles.PathOf(project));
                foreach (var reference in xml.Descendants("ProjectReference").Select(each => each.Attribute("Include")!.Value))
                {
                    var full = System.IO.Path.GetFullPath(reference, DeployFiles.PathOf(System.IO.Path.GetDirectoryName(project)!));
                    needed.Enqueue(System.IO.Path.GetRelativePath(DeployFiles.Root, full));
                }
            }
        }

        var before = s_file.Select(instruction => instruction.Arguments)
            .TakeWhile(arguments => !arguments.StartsWith("dotnet restore", StringComparison.Ordinal)).ToList();
        Assert.True(seen.Count > 3);
        Assert.Equal([], seen.Where(project => !before.Exists(arguments => arguments.StartsWith(project + " ", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_process_is_not_root_and_is_the_published_program()
    {
        var run = s_file.Where(instruction => instruction.Stage == "run").ToList();
        Assert.All(run.Single(instruction => instruction.Name == "USER").Arguments.Split(':'),
            id => Assert.True(int.Parse(id, CultureInfo.InvariantCulture) > 999));
        Assert.Equal("""["/app/BestOfN.Gateway"]""", run.Single(instruction => instruction.Name == "ENTRYPOINT").Arguments);
        Assert.Equal("BestOfN.Gateway", typeof(Program).Assembly.GetName().Name);
        Assert.Equal("/models", run.Single(instruction => instruction.Name == "VOLUME").Arguments);
        Assert.Equal(Environment["ASPNETCORE_HTTP_PORTS"], run.Single(instruction => instruction.Name == "EXPOSE").Arguments);
    }

    [Fact]
    public void The_gateway_reads_every_variable() =>
        Assert.Empty(Settings.Settings.Problems(gateway, Path, Environment, "appsettings.json"));

    [Fact]
    public async Task The_health_check_tells_a_living_gateway_from_a_dead_one()
    {
        Tool.SkipWithout("bash");
        var check = s_file.Single(instruction => instruction.Name == "HEALTHCHECK").Arguments.Split("CMD ")[1];
        string[] command = JsonSerializer.Deserialize<string[]>(check)!;

        Assert.Equal(0, await CheckAsync(gateway.Address.Port));
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var closed = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        Assert.NotEqual(0, await CheckAsync(closed));

        async Task<int> CheckAsync(int port) =>
            (await Tool.RunAsync(command[0], [("ASPNETCORE_HTTP_PORTS", $"{port}")], command[1..])).ExitCode;
    }
}
