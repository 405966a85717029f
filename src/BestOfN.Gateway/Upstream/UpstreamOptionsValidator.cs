using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Upstream;

[OptionsValidator]
internal sealed partial class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>;
