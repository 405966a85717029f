using System.Globalization;
using System.Threading.RateLimiting;
using BestOfN.Gateway.Configuration;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Access;

/// <summary>How many requests that make candidates are worked on and may wait, over all clients.</summary>
/// <remarks>
/// A policy of its own rather than a setting of the limiter's options: the proxy reads those options when it is made, and ours are checked with the proxy's
/// help, so that the one would wait for the other.
/// </remarks>
internal sealed class GeneratingPolicy(IOptions<BestOfNOptions> options) : IRateLimiterPolicy<string>
{
    public Func<OnRejectedContext, CancellationToken, ValueTask> OnRejected => (context, _) =>
    {
        context.HttpContext.Response.Headers.RetryAfter = options.Value.RetryAfter.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture);
        return ValueTask.CompletedTask;
    };

    public RateLimitPartition<string> GetPartition(HttpContext httpContext) => RateLimitPartition.GetConcurrencyLimiter(AccessServices.Generating, _ => new()
    {
        PermitLimit = options.Value.MaxConcurrentRequests,
        QueueLimit = options.Value.MaxQueuedRequests,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });
}
