using BestOfN.Gateway.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace BestOfN.Gateway.Upstream;

/// <summary>
/// Checks the section <c>ReverseProxy</c>: names, kinds and addresses here, since YARP ignores names it does not know and looks at an
/// address when it is called; the rest by YARP's own rules.
/// </summary>
internal sealed class ProxyCheck(IConfigValidator proxyRules) : IConfigurationCheck
{
    private const string Clusters = $"{UpstreamServices.ProxySection}:Clusters";
    private const string Routes = $"{UpstreamServices.ProxySection}:Routes";

    public IEnumerable<string> Problems(IConfiguration configuration)
    {
        var proxy = configuration.GetSection(UpstreamServices.ProxySection);
        foreach (var unknown in proxy.GetChildren().Where(child => !Is(child.Key, "Clusters") && !Is(child.Key, "Routes")))
        {
            yield return $"{unknown.Path}: {ConfigurationShape.NoSuchSetting(unknown.Key, ["Clusters", "Routes"])}";
        }

        var clusters = proxy.GetSection("Clusters").GetChildren().ToList();
        var names = clusters.Select(cluster => cluster.Key).ToList();
        foreach (var problem in clusters.SelectMany(Cluster)
            .Concat(proxy.GetSection("Routes").GetChildren().SelectMany(route => Route(route, names)))
            .Concat(Models(configuration, names)))
        {
            yield return problem;
        }
    }

    private IEnumerable<string> Cluster(IConfigurationSection section)
    {
        var path = $"{Clusters}:{section.Key}";
        var misfits = ConfigurationShape.Misfits(section, typeof(ClusterConfig), nameof(ClusterConfig.ClusterId)).ToList();
        foreach (var (at, problem) in misfits)
        {
            yield return $"{at}: {problem}";
        }

        var destinations = section.GetSection("Destinations").GetChildren().ToList();
        if (destinations.Count == 0)
        {
            yield return $"{path}:Destinations: there is none, so that nobody can answer; give at least one with an Address.";
        }

        foreach (var destination in destinations.Where(destination => string.IsNullOrEmpty(destination.Value)))
        {
            foreach (var name in (string[])["Address", "Health"])
            {
                if (AddressProblem(destination[name], isNeeded: name is "Address") is { } problem)
                {
                    yield return $"{destination.Path}:{name}: {problem}";
                }
            }
        }

        foreach (var (name, start) in ((string, char)[])[("Path", '/'), ("Query", '?')])
        {
            if (section[$"HealthCheck:Active:{name}"] is { Length: > 0 } value && value[0] != start)
            {
                yield return $"{path}:HealthCheck:Active:{name}: '{value}' does not begin with {start}.";
            }
        }

        var cluster = new ClusterConfig();
        ConfigurationShape.Bind(section, cluster, misfits.Select(misfit => misfit.Path).Append($"{section.Path}:HttpRequest:Version"));
        cluster = cluster with
        {
            ClusterId = section.Key,
            // Mistakes in an address are already told.
            Destinations = destinations.ToDictionary(
                destination => destination.Key, _ => new DestinationConfig { Address = "http://localhost" }),
        };
        foreach (var problem in proxyRules.ValidateClusterAsync(cluster).AsTask().GetAwaiter().GetResult())
        {
            yield return WithPath(path, problem.Message);
        }
    }

    private IEnumerable<string> Route(IConfigurationSection section, List<string> clusters)
    {
        // Routes may be a list, too; then each names itself.
        var misfits = ConfigurationShape.Misfits(section, typeof(RouteConfig)).ToList();
        foreach (var (at, problem) in misfits)
        {
            yield return $"{at}: {problem}";
        }

        var clusterId = section["ClusterId"];
        if (string.IsNullOrEmpty(clusterId))
        {
            yield return $"{section.Path}:ClusterId: must name a cluster under {Clusters}.";
        }
        else if (!clusters.Contains(clusterId, StringComparer.OrdinalIgnoreCase))
        {
            yield return $"{section.Path}:ClusterId: there is no cluster '{clusterId}' under "
                + $"{Clusters}.{NearestName.Suggestion(clusterId, clusters)}";
        }

        var route = new RouteConfig();
        ConfigurationShape.Bind(section, route, misfits.Select(misfit => misfit.Path));
        var validation = proxyRules.ValidateRouteAsync(route with { RouteId = section["RouteId"] ?? section.Key });
        foreach (var problem in validation.AsTask().GetAwaiter().GetResult())
        {
            yield return WithPath($"{Routes}:{section.Key}", problem.Message);
        }
    }

    private static IEnumerable<string> Models(IConfiguration configuration, List<string> clusters) =>
        configuration.GetSection($"{BestOfNOptions.Section}:{nameof(BestOfNOptions.Models)}").GetChildren()
            .Where(model => Is(model[nameof(ModelOptions.Generator)], UpstreamGeneratorSource.Name))
            .Concat(configuration.GetSection($"{BestOfNOptions.Section}:{nameof(BestOfNOptions.RewardModels)}").GetChildren()
                .Where(model => model[nameof(RewardModelOptions.Protocol)] is not null))
            .Where(model => model[nameof(ModelOptions.Cluster)] is { Length: > 0 } cluster
                && !clusters.Contains(cluster, StringComparer.OrdinalIgnoreCase))
            .Select(model => $"{model.Path}:{nameof(ModelOptions.Cluster)}: there is no cluster '{model[nameof(ModelOptions.Cluster)]}' "
                + $"under {Clusters}."
                + NearestName.Suggestion(model[nameof(ModelOptions.Cluster)]!, clusters));

    private static string? AddressProblem(string? address, bool isNeeded) =>
        string.IsNullOrEmpty(address) ? isNeeded ? "is missing; give one such as http://127.0.0.1:8000." : null
        : Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0 ? null
        : $"'{address}' is not an address that begins with http:// or https://.";

    private static string WithPath(string path, string problem) =>
        problem.StartsWith(UpstreamServices.ProxySection + ":", StringComparison.Ordinal)
            ? problem
            : $"{path}: {problem.ReplaceLineEndings(" ")}";

    private static bool Is(string? name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);
}
