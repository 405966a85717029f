using Microsoft.Extensions.Primitives;

namespace BestOfN.Gateway.Configuration;

/// <summary>Sees to changes of the settings files while the gateway runs, and says in the log what becomes of them.</summary>
/// <remarks>Clusters, routes and log levels change at once. All else is read at start only.</remarks>
internal sealed class SettingsWatch(IConfiguration configuration, IEnumerable<IConfigurationCheck> checks, ILogger<SettingsWatch> logger)
    : IDisposable
{
    private static readonly string[] _readAtStart = [BestOfNOptions.Section, "Upstreams", KestrelSettings.Section];

    private readonly Lock _lock = new();
    private Dictionary<string, string> _started = [];
    private Dictionary<string, string> _last = [];
    private IDisposable? _changes;

    public void Begin()
    {
        _started = _last = Settings();
        WarnOfOldWords();
        foreach (var file in (configuration as IConfigurationRoot)?.Providers.OfType<SettingsFile>() ?? [])
        {
            file.Check = () => [.. checks.SelectMany(check => check.Problems(configuration))];
            file.Refused = problems =>
                logger.Refused(file.Source.Path, string.Join(Environment.NewLine, problems.Select(problem => "  " + problem)));
        }

        _changes = ChangeToken.OnChange(configuration.GetReloadToken, Changed);
    }

    public void Dispose() => _changes?.Dispose();

    private void Changed()
    {
        lock (_lock)
        {
            var now = Settings();
            if (IsSame(now, _last))
            {
                return;
            }

            _last = now;
            logger.Changed();
            var waiting = now.Keys.Union(_started.Keys)
                .Where(path => now.GetValueOrDefault(path) != _started.GetValueOrDefault(path))
                .Where(path => _readAtStart.Any(section => path.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase)))
                .Order(StringComparer.OrdinalIgnoreCase).ToList();
            if (waiting.Count > 0)
            {
                logger.NeedsRestart(string.Join(", ", waiting));
            }
        }
    }

    private void WarnOfOldWords()
    {
        var old = configuration.GetSection($"{BestOfNOptions.Section}:{nameof(BestOfNOptions.Models)}").GetChildren()
            .Where(model => model[nameof(ModelOptions.Generator)] == ModelOptions.OldFolder)
            .Select(model => $"{model.Path}:{nameof(ModelOptions.Generator)}").ToList();
        if (old.Count > 0)
        {
            logger.OldWord(string.Join(", ", old), ModelOptions.OldFolder, ModelOptions.Folder);
        }
    }

    private static bool IsSame(Dictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private Dictionary<string, string> Settings() =>
        configuration.AsEnumerable().Where(pair => pair.Value is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value!, StringComparer.OrdinalIgnoreCase);
}
