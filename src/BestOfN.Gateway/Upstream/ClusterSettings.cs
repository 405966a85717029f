using System.Globalization;
using BestOfN.Gateway.Configuration;
using BestOfN.Protocols.OpenAI;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;

namespace BestOfN.Gateway.Upstream;

/// <summary>What a cluster's metadata says beyond YARP's own configuration.</summary>
/// <param name="Choices">
/// How N candidates are asked for. <c>auto</c>: N choices in one call, or one call each where the client gives a seed or the server answers
/// with fewer.
/// <c>single</c>: always N choices in one call. <c>multiple</c>: always one call for each.
/// </param>
/// <param name="ApiKeyVariable">Environment variable that holds the key for the upstream. Not set: the upstream gets no key.</param>
/// <param name="ForwardAuthorization">
/// <c>true</c> sends the client's own <c>Authorization</c> header to the upstream where there is no <c>ApiKeyVariable</c>.
/// Not allowed together with <c>BESTOFN_API_KEYS</c>.
/// </param>
internal sealed record ClusterSettings(ChoiceCalls Choices, string? ApiKeyVariable, bool ForwardAuthorization)
{
    private static readonly string[] _names =
    [
        nameof(Choices), nameof(ApiKeyVariable), nameof(ForwardAuthorization),
        ConsecutiveFailuresHealthPolicyOptions.ThresholdMetadataName, TransportFailureRateHealthPolicyOptions.FailureRateLimitMetadataName,
    ];

    /// <summary>Reads the settings and says what is wrong with them; whatever is wrong is as if it were absent.</summary>
    public static ClusterSettings Read(ClusterConfig cluster, Action<string>? onError = null)
    {
        var settings = new ClusterSettings(ChoiceCalls.Auto, null, false);
        foreach (var (name, value) in cluster.Metadata ?? new Dictionary<string, string>())
        {
            var path = $"ReverseProxy:Clusters:{cluster.ClusterId}:Metadata:{name}";
            switch (name.ToUpperInvariant(), value.ToUpperInvariant())
            {
                case ("CHOICES", "AUTO"):
                    break;
                case ("CHOICES", "SINGLE"):
                    settings = settings with { Choices = ChoiceCalls.SingleCall };
                    break;
                case ("CHOICES", "MULTIPLE"):
                    settings = settings with { Choices = ChoiceCalls.MultipleCalls };
                    break;
                case ("CHOICES", _):
                    onError?.Invoke($"{path}: '{value}' is not known; it must be auto, single or multiple.");
                    break;
                case ("FORWARDAUTHORIZATION", "TRUE" or "FALSE"):
                    settings = settings with { ForwardAuthorization = bool.Parse(value) };
                    break;
                case ("FORWARDAUTHORIZATION", _):
                    onError?.Invoke($"{path}: '{value}' is not known; it must be true or false.");
                    break;
                case ("APIKEYVARIABLE", _):
                    settings = settings with { ApiKeyVariable = value };
                    if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(value)))
                    {
                        onError?.Invoke($"{path}: names the environment variable '{value}', which is not set.");
                    }

                    break;
                case ("CONSECUTIVEFAILURESHEALTHPOLICY.THRESHOLD", _):
                    if (!(double.TryParse(value, CultureInfo.InvariantCulture, out var threshold) && threshold >= 1))
                    {
                        onError?.Invoke($"{path}: '{value}' is not a number of failures, 1 or more.");
                    }

                    break;
                case ("TRANSPORTFAILURERATEHEALTHPOLICY.RATELIMIT", _):
                    if (!(double.TryParse(value, CultureInfo.InvariantCulture, out var rate) && rate is > 0 and < 1))
                    {
                        onError?.Invoke($"{path}: '{value}' is not a share of calls between 0 and 1.");
                    }

                    break;
                default:
                    onError?.Invoke($"{path}: {ConfigurationShape.NoSuchSetting(name, _names)}");
                    break;
            }
        }

        return settings;
    }

    /// <summary>The gateway's own key for the upstream; null for none.</summary>
    public string? ApiKey => ApiKeyVariable is { } variable ? Environment.GetEnvironmentVariable(variable) ?? "" : null;

    /// <summary>The Authorization header for the upstream; null for none.</summary>
    public string? Authorization(HttpContext? context) =>
        ApiKey is { } key ? $"Bearer {key}"
        : ForwardAuthorization && context?.Request.Headers.Authorization.ToString() is { Length: > 0 } fromClient ? fromClient
        : null;
}
