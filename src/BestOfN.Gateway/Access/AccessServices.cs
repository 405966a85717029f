using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Access;

internal static class AccessServices
{
    // A sender may pause for this long before its rate is looked at.
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);

    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<RequestBodies>();
        services.AddSingleton<Admission>();
        services.AddCors();
        services.AddSingleton<ICorsPolicyProvider, OriginPolicyProvider>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<BestOfNOptions>>((server, options) =>
        {
            // The server's own limit, 30 MB, is less than what a request with pictures may need.
            server.Limits.MaxRequestBodySize = options.Value.MaxRequestBodyBytes;
            server.Limits.MinRequestBodyDataRate = new(options.Value.MinRequestBytesPerSecond, _pause);
        });
    }

    /// <summary>Routing, and which web pages may call: a browser asks that first, and without a key.</summary>
    public static void UseRoutes(this IApplicationBuilder app)
    {
        app.UsePathFolding();
        app.UseRouting();
        app.UseCors();
    }

    /// <summary>Keys are asked for, and there is no way round the gateway's own routes.</summary>
    public static void UseAccess(this IApplicationBuilder app)
    {
        var keys = app.ApplicationServices.GetRequiredService<ApiKeys>();
        app.Use((context, next) =>
            context.GetEndpoint()?.Metadata.GetMetadata<OpenToAll>() is not null || keys.Admits(context.Request)
                ? next(context)
                : throw ApiException.BadKey());
        app.UseOwnRoutesOnly();
    }
}
