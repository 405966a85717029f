using BestOfN.Gateway.Configuration;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Gateway.Upstream;

/// <summary>Checks the section <c>Upstreams</c>.</summary>
internal sealed class UpstreamOptionsCheck : IConfigurationCheck
{
    public IEnumerable<string> Problems(IConfiguration configuration)
    {
        var section = configuration.GetSection(UpstreamOptions.Section);
        var misfits = ConfigurationShape.Misfits(section, typeof(UpstreamOptions)).ToList();
        var options = new UpstreamOptions();
        ConfigurationShape.Bind(section, options, misfits.Select(misfit => misfit.Path));
        return
        [
            .. misfits.Select(misfit => $"{misfit.Path}: {misfit.Problem}"),
            .. ConfigurationShape.OutOfRange(UpstreamOptions.Section, options),
            .. options.AttemptTimeout <= options.TotalTimeout ? (IEnumerable<string>)[] :
            [
                $"{UpstreamOptions.Section}:{nameof(options.AttemptTimeout)}: {options.AttemptTimeout} is longer than "
                    + $"{nameof(options.TotalTimeout)}, {options.TotalTimeout}.",
            ],
        ];
    }
}
