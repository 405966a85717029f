using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace BestOfN.Deploy.Tests.Settings;

/// <summary>What a container or a service is given: variables of its environment and a settings file.</summary>
internal static partial class Settings
{
    // Read by .NET's runtime and by NVIDIA's, not by the gateway.
    private static readonly string[] s_runtime = ["DOTNET_EnableDiagnostics", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"];

    /// <summary>The variables that docs/configuration.md lists; its page is compared with the code by the tests of the documents.</summary>
    private static HashSet<string> Documented { get; } =
    [
        .. DeployFiles.Read("docs/configuration.md").Split("## Environment")[1].Split('\n').Where(line => line.StartsWith('|'))
            .SelectMany(line => Code().Matches(line.Split('|')[1])).Select(match => match.Groups[1].Value),
    ];

    /// <param name="gateway">Checks the settings.</param>
    /// <param name="place">For messages.</param>
    /// <param name="environment">The variables.</param>
    /// <param name="file">The settings file, from the top of the repository.</param>
    /// <returns>Variables that nothing reads, variables that are missing, and mistakes in settings.</returns>
    public static IEnumerable<string> Problems(
        RunningGateway gateway, string place, IReadOnlyDictionary<string, string> environment, string file)
    {
        var settings = environment.Where(variable => IsSetting(variable.Key))
            .Select(variable => KeyValuePair.Create(variable.Key.Replace("__", ":", StringComparison.Ordinal), (string?)variable.Value));
        var configuration = new ConfigurationBuilder().AddJsonFile(DeployFiles.PathOf(file)).AddInMemoryCollection(settings).Build();
        var keys = Keys(configuration).ToHashSet();
        HashSet<string> read = [.. Documented, .. s_runtime, .. keys];
        return
        [
            .. gateway.Problems(configuration).Select(problem => $"{place}: {problem}"),
            .. environment.Keys.Where(name => !IsSetting(name) && !read.Contains(name))
                .Select(name => $"{place}: nothing reads the variable {name}"),
            .. keys.Where(key => !environment.ContainsKey(key)).Select(key => $"{place}: {file} needs the variable {key}"),
        ];
    }

    private static bool IsSetting(string name) => name.Contains("__", StringComparison.Ordinal);

    private static IEnumerable<string> Keys(IConfiguration configuration) =>
        configuration.GetSection("ReverseProxy:Clusters").GetChildren()
            .Select(cluster => cluster["Metadata:ApiKeyVariable"]).OfType<string>();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
