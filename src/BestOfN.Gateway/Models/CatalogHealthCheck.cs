using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BestOfN.Gateway.Models;

/// <summary>Healthy once every configured model is open.</summary>
internal sealed class CatalogHealthCheck(GeneratorCatalog generators, RewardModelCatalog rewardModels) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var states = generators.Models.Select(model => ($"model:{model.Name}", State(model.Generator)))
            .Concat(rewardModels.Entries.Select(entry => ($"reward_model:{entry.Name}", State(entry))))
            .ToDictionary(pair => pair.Item1, object (pair) => pair.Item2);
        return Task.FromResult(states.Values.All(state => state is "ready")
            ? HealthCheckResult.Healthy(data: states)
            : HealthCheckResult.Unhealthy(data: states));
    }

    // The log tells why it failed: paths and the like are not for the public.
    private static string State<T>(CatalogEntry<T> entry)
        where T : class => entry.IsReady ? "ready" : entry.Failure is null ? "loading" : "failed";
}
