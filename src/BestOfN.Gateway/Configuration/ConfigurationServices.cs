using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Configuration;

internal static class ConfigurationServices
{
    /// <summary>Options of the section <c>BestOfN</c>, the address to listen on, and what is checked of all sections.</summary>
    public static void AddBestOfNOptions(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<IConfigureOptions<BestOfNOptions>, ConfigureBestOfNOptions>();
        services.AddSingleton<BestOfNOptionsValidator>();
        services.AddSingleton<IConfigurationCheck, HostSettingsCheck>();
        services.AddSingleton<IConfigurationCheck>(provider => provider.GetRequiredService<BestOfNOptionsValidator>());
        services.AddSingleton<IConfigurationCheck, RewardServerCheck>();
        services.AddSingleton<SettingsWatch>();
        KeepLastGoodFiles(builder.Configuration);
        HoldBackWrongLogLevels(builder);
        Listen(builder);
    }

    /// <summary>Finds the mistakes of all sections together, and watches the files from here on.</summary>
    /// <exception cref="ConfigurationException">There are mistakes.</exception>
    public static void CheckConfiguration(this WebApplication app)
    {
        List<string> problems = [.. app.Services.GetServices<IConfigurationCheck>().SelectMany(check => check.Problems(app.Configuration))];
        problems.InsertRange(0, app.Services.GetServices<HeldBackLevel>().Select(level => level.Problem));
        if (problems.Count > 0)
        {
            throw new ConfigurationException(problems);
        }

        app.Services.GetRequiredService<SettingsWatch>().Begin();
    }

    private static void KeepLastGoodFiles(ConfigurationManager configuration)
    {
        var sources = ((IConfigurationBuilder)configuration).Sources;
        for (var i = 0; i < sources.Count; i++)
        {
            if (sources[i] is JsonConfigurationSource { Path: not null } file and not SettingsFileSource)
            {
                sources[i] = new SettingsFileSource
                {
                    Path = file.Path,
                    FileProvider = file.FileProvider,
                    Optional = file.Optional,
                    ReloadOnChange = file.ReloadOnChange,
                    ReloadDelay = file.ReloadDelay,
                };
            }
        }
    }

    /// <summary>A wrong level would end the building of the host before the other mistakes are found.</summary>
    private static void HoldBackWrongLogLevels(WebApplicationBuilder builder)
    {
        var wrong = HostSettingsCheck.WrongLogLevels(builder.Configuration).ToList();
        foreach (var level in wrong)
        {
            builder.Services.AddSingleton(
                new HeldBackLevel($"{level.Path}: '{level.Value}' is not one of {string.Join(", ", Enum.GetNames<LogLevel>())}."));
        }

        builder.Configuration.AddInMemoryCollection(wrong.ToDictionary(level => level.Path, _ => (string?)nameof(LogLevel.Information)));
    }

    /// <summary>Addresses from the environment, the command line or the section <c>Kestrel</c> go before ours.</summary>
    private static void Listen(WebApplicationBuilder builder)
    {
        string[] others = [WebHostDefaults.ServerUrlsKey, WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey];
        if (others.All(key => string.IsNullOrEmpty(builder.Configuration[key]))
            && !builder.Configuration.GetSection($"{KestrelSettings.Section}:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(
                builder.Configuration[$"{BestOfNOptions.Section}:{nameof(BestOfNOptions.ListenUrl)}"] ?? new BestOfNOptions().ListenUrl);
        }
    }

    private sealed record HeldBackLevel(string Problem);
}
