using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Configuration;

/// <summary>Binds what fits; what does not is reported by <see cref="BestOfNOptionsValidator"/> together with everything else.</summary>
internal sealed class ConfigureBestOfNOptions(IConfiguration configuration) : IConfigureOptions<BestOfNOptions>
{
    public void Configure(BestOfNOptions options)
    {
        var section = configuration.GetSection(BestOfNOptions.Section);
        ConfigurationShape.Bind(
            section, options, ConfigurationShape.Misfits(section, typeof(BestOfNOptions)).Select(misfit => misfit.Path));
    }
}
