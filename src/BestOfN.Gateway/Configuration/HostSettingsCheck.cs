using Microsoft.Extensions.Configuration.Json;

namespace BestOfN.Gateway.Configuration;

/// <summary>
/// Checks the names at the top of the settings files, and the sections that .NET itself reads and where it ignores what it does not know.
/// </summary>
/// <remarks>Names at the top that come from the environment or the command line are other software's business as well, so only those of the
/// files count.</remarks>
internal sealed class HostSettingsCheck : IConfigurationCheck
{
    private static readonly string[] _sections =
        [BestOfNOptions.Section, "Upstreams", "ReverseProxy", "Logging", KestrelSettings.Section];

    private static readonly string[] _values =
    [
        "AllowedHosts", "urls", "http_ports", "https_ports", "environment", "applicationName", "contentRoot", "shutdownTimeoutSeconds",
        BestOfNOptions.KeysVariable,
    ];

    private static readonly string[] _logging = ["LogLevel", "Console", "Debug", "EventSource", "EventLog"];

    public IEnumerable<string> Problems(IConfiguration configuration) =>
        [.. Names(configuration), .. Logging(configuration.GetSection("Logging")), .. Kestrel(configuration)];

    /// <summary>Levels that .NET would refuse with an exception when the host is built.</summary>
    public static IEnumerable<IConfigurationSection> WrongLogLevels(IConfiguration configuration)
    {
        var logging = configuration.GetSection("Logging");
        return logging.GetChildren().SelectMany(provider => provider.GetSection("LogLevel").GetChildren())
            .Concat(logging.GetSection("LogLevel").GetChildren())
            .Where(level => !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _));
    }

    private static IEnumerable<string> Names(IConfiguration configuration)
    {
        string[] known = [.. _sections, .. _values];
        return from file in (configuration as IConfigurationRoot)?.Providers.OfType<JsonConfigurationProvider>() ?? []
               from name in file.GetChildKeys([], null).Distinct(StringComparer.OrdinalIgnoreCase)
               where !known.Contains(name, StringComparer.OrdinalIgnoreCase)
               // OpenTelemetry reads its variables from the configuration.
               where !name.StartsWith("OTEL_", StringComparison.Ordinal)
               select $"{name}: there is no such section in {file.Source.Path}.{NearestName.Suggestion(name, known)} Known are "
                   + $"{string.Join(", ", _sections)}.";
    }

    private static IEnumerable<string> Logging(IConfigurationSection logging)
    {
        foreach (var unknown in logging.GetChildren().Where(child => !_logging.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
        {
            yield return $"{unknown.Path}: {ConfigurationShape.NoSuchSetting(unknown.Key, _logging)}";
        }

        foreach (var (path, problem) in ConfigurationShape.Misfits(logging.GetSection("LogLevel"), typeof(Dictionary<string, LogLevel>))
            .Concat(ConfigurationShape.Misfits(logging.GetSection("Console"), typeof(ConsoleSettings))))
        {
            yield return $"{path}: {problem}";
        }

        string[] formatters = ["simple", "json", "systemd"];
        if (logging["Console:FormatterName"] is { Length: > 0 } formatter
            && !formatters.Contains(formatter, StringComparer.OrdinalIgnoreCase))
        {
            yield return $"Logging:Console:FormatterName: '{formatter}' is not one of {string.Join(", ", formatters)}.";
        }
    }

    private static IEnumerable<string> Kestrel(IConfiguration configuration)
    {
        var section = configuration.GetSection(KestrelSettings.Section);
        var misfits = ConfigurationShape.Misfits(section, typeof(KestrelSettings)).ToList();
        foreach (var (path, problem) in misfits)
        {
            yield return $"{path}: {problem}";
        }

        foreach (var endpoint in section.GetSection("Endpoints").GetChildren().Where(endpoint => string.IsNullOrEmpty(endpoint["Url"])))
        {
            yield return $"{endpoint.Path}:Url: is missing; give one such as http://0.0.0.0:8080.";
        }
    }
}
