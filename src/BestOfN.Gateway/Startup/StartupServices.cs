using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.Configuration.Memory;

namespace BestOfN.Gateway.Startup;

internal static class StartupServices
{
    /// <summary>Levels for the libraries whose records would drown ours; any settings file or variable may say otherwise.</summary>
    private static readonly Dictionary<string, string?> _levels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",

        // Writes an error each time that /readyz is asked too early.
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "Critical",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning", // our own start message says the same
        ["Logging:LogLevel:Yarp"] = "Warning", // two records for each probe and each proxied request
        ["Logging:LogLevel:Yarp.ReverseProxy.Health.DestinationHealthUpdater"] = "Information",
    };

    /// <summary>The log by default: a message when the gateway is ready, and nothing that <see cref="StartFailure"/> tells.</summary>
    public static void AddStartup(this WebApplicationBuilder builder)
    {
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, new MemoryConfigurationSource { InitialData = _levels });

        // A failing start is told once, on standard error, and not in addition as a record of each part that it passes through.
        builder.Logging
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => level is LogLevel.Warning or LogLevel.Error);

        // Keys are made for YARP's session affinity alone: in memory they leave no trace on disk, and a restart only ends the affinity.
        builder.Services.Configure<KeyManagementOptions>(
            keys => (keys.XmlRepository, keys.XmlEncryptor) = (new KeysInMemory(), new NullXmlEncryptor()));
        builder.Services.AddSingleton<StartMessage>();
        builder.Services.AddHostedService<CatalogLoader>();
    }
}
