using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Access;

internal static class AccessServices
{
    /// <summary>Name of the policy for routes that make candidates.</summary>
    public const string Generating = "generating";

    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeys>();
        services.AddRateLimiter(limits => limits
            .AddPolicy<string, GeneratingPolicy>(Generating)
            .RejectionStatusCode = StatusCodes.Status429TooManyRequests);

        // The server's own limit, 30 MB, is less than what a request with pictures may need.
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<BestOfNOptions>>((server, options) => server.Limits.MaxRequestBodySize = options.Value.MaxRequestBodyBytes);
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
