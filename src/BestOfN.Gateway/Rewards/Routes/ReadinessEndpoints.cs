using BestOfN.Gateway.Access;
using BestOfN.Gateway.Shutdown;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>Where the clients of each dialect look whether the server is ready: 200 once every reward model can score, else 503.</summary>
internal static class ReadinessEndpoints
{
    private static readonly string[] _paths = ["/health", "/ping", "/health_generate", "/v2/health/ready", "/v2/health/live"];

    public static void MapReadiness(this IEndpointRouteBuilder routes)
    {
        foreach (var path in _paths)
        {
            routes.MapGet(path, (RewardModelNames names, Draining draining) =>
                !draining.HasBegun && names.Entries.All(entry => entry.IsReady) ? Results.Ok()
                    : Results.StatusCode(StatusCodes.Status503ServiceUnavailable))
                .WithMetadata(OpenToAll.Instance);
        }
    }
}
