using Microsoft.Extensions.Configuration.Json;

namespace BestOfN.Gateway.Configuration;

/// <summary>Makes a <see cref="SettingsFile"/>.</summary>
internal sealed class SettingsFileSource : JsonConfigurationSource
{
    public override IConfigurationProvider Build(IConfigurationBuilder builder)
    {
        EnsureDefaults(builder);
        return new SettingsFile(this);
    }
}
