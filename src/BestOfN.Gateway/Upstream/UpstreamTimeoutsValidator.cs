using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Upstream;

internal sealed class UpstreamTimeoutsValidator : IValidateOptions<UpstreamOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamOptions options) => options.AttemptTimeout <= options.TotalTimeout
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            $"{UpstreamOptions.Section}:AttemptTimeout ({options.AttemptTimeout}) must not exceed {UpstreamOptions.Section}:TotalTimeout ({options.TotalTimeout}).");
}
