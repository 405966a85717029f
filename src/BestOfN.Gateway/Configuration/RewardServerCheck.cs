namespace BestOfN.Gateway.Configuration;

/// <summary>Checks the settings of the reward server. Names and types are checked with the whole section.</summary>
internal sealed class RewardServerCheck : IConfigurationCheck
{
    public IEnumerable<string> Problems(IConfiguration configuration)
    {
        var section = configuration.GetSection(BestOfNOptions.Section);
        var options = new BestOfNOptions();
        ConfigurationShape.Bind(section, options,
            ConfigurationShape.Misfits(section, typeof(BestOfNOptions)).Select(misfit => misfit.Path));
        return Problems(options);
    }

    private static IEnumerable<string> Problems(BestOfNOptions options)
    {
        var server = options.RewardServer;
        var path = $"{BestOfNOptions.Section}:{nameof(options.RewardServer)}";
        var models = $"{BestOfNOptions.Section}:{nameof(options.RewardModels)}";
        foreach (var problem in ConfigurationShape.OutOfRange(path, server))
        {
            yield return problem;
        }

        if (server.Enabled && options.RewardModels.Count == 0)
        {
            yield return $"{path}:{nameof(server.Enabled)}: there is nothing to serve, because no reward model is configured.";
        }

        if (server.Model is { } name && !options.RewardModels.ContainsKey(name))
        {
            yield return $"{path}:{nameof(server.Model)}: there is no '{name}' under {models}."
                + NearestName.Suggestion(name, options.RewardModels.Keys);
        }

        if (server is { AnyModelName: true, Model: null } && options.RewardModels.Count > 1)
        {
            yield return $"{path}:{nameof(server.AnyModelName)}: there are {options.RewardModels.Count} reward models; "
                + $"{nameof(server.Model)} must name one.";
        }

        foreach (var dialect in server.Anonymous.Where(each => !RewardDialectNames.All.Contains(each)))
        {
            yield return $"{path}:{nameof(server.Anonymous)}: '{dialect}' is not one of {string.Join(", ", RewardDialectNames.All)}."
                + NearestName.Suggestion(dialect, RewardDialectNames.All);
        }
    }
}
