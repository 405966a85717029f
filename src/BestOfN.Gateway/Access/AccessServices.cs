using System.Globalization;
using System.Threading.RateLimiting;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Access;

internal static class AccessServices
{
    /// <summary>Name of the policy for routes that make candidates.</summary>
    public const string Generating = "generating";

    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeys>();
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<BestOfNOptions>>((limits, options) =>
        {
            limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limits.OnRejected = (context, _) =>
            {
                context.HttpContext.Response.Headers.RetryAfter = options.Value.RetryAfter.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture);
                return ValueTask.CompletedTask;
            };
            limits.AddConcurrencyLimiter(Generating, limit =>
            {
                limit.PermitLimit = options.Value.MaxConcurrentRequests;
                limit.QueueLimit = options.Value.MaxQueuedRequests;
                limit.QueueProcessingOrder = QueueProcessingOrder.OldestFirst;
            });
        });
    }

    /// <summary>Keys for everything under /v1, limits where a route asks for them.</summary>
    public static void UseAccess(this IApplicationBuilder app)
    {
        var keys = app.ApplicationServices.GetRequiredService<ApiKeys>();
        app.Use((context, next) =>
            !context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase) || keys.Admits(context.Request) ? next(context) : throw ApiException.BadKey());
        app.UseRateLimiter();
    }
}
