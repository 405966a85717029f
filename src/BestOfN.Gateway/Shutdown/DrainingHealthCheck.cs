using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace BestOfN.Gateway.Shutdown;

/// <summary>Not ready for more once the gateway has been told to stop.</summary>
internal sealed class DrainingHealthCheck(Draining draining) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(draining.HasBegun ? HealthCheckResult.Unhealthy("The gateway is stopping.") : HealthCheckResult.Healthy());
}
