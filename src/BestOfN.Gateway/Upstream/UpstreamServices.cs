using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace BestOfN.Gateway.Upstream;

internal static class UpstreamServices
{
    /// <summary>
    /// Section of YARP's own configuration: <c>Clusters</c> are upstreams, <c>Routes</c> say which paths pass through to which.
    /// </summary>
    public const string ProxySection = "ReverseProxy";

    // What a client says to the gateway about itself is not the upstream's business.
    private static readonly string[] _credentials =
        ["Authorization", "Proxy-Authorization", "Cookie", "Api-Key", "X-Api-Key", "X-Goog-Api-Key"];

    /// <summary>
    /// Upstreams as YARP clusters: <see cref="UpstreamGenerators"/>, the passthrough, and the health check <c>upstreams</c> (tag
    /// <c>ready</c>).
    /// </summary>
    public static void AddUpstreams(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection(ProxySection))
            .AddConfigFilter<HealthyDestinationsOnly>()
            .AddTransforms(ReplaceClient)
            .ConfigureHttpClient((_, handler) =>
            {
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5); // sees changes of DNS
                handler.ResponseDrainTimeout = TimeSpan.FromMilliseconds(250); // a cancelled stream is closed, not read to its end
            });
        services.AddSingleton<IProbingRequestFactory, ProbingRequests>();
        services.AddSingleton<IClusterValidator, ClusterSettingsValidator>();
        services.AddHttpContextAccessor();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<UpstreamGenerators>();
        services.AddSingleton<IGeneratorSource, UpstreamGeneratorSource>();
        services.AddSingleton<IRewardModelSource, RemoteRewardModelSource>();
        services.AddSingleton<CompletionForwarder>();
        services.AddOptions<UpstreamOptions>().BindConfiguration(UpstreamOptions.Section);
        services.AddSingleton<IConfigurationCheck, UpstreamOptionsCheck>();
        services.AddSingleton<IConfigurationCheck, ProxyCheck>();
        services.AddHealthChecks().AddCheck<UpstreamHealthCheck>("upstreams", tags: ["ready"]);
    }

    private static void ReplaceClient(TransformBuilderContext route)
    {
        if (route.Cluster is { } cluster)
        {
            ReplaceClient(route, ClusterSettings.Read(cluster));
        }
    }

    /// <summary>
    /// What the client showed to the gateway goes no further; what the upstream wants to see is put there. Which web pages may call is the
    /// gateway's to say.
    /// </summary>
    internal static void ReplaceClient(TransformBuilderContext route, ClusterSettings settings)
    {
        route.AddRequestTransform(request =>
        {
            ReplaceClient(request.HttpContext, request.ProxyRequest, settings);
            if (MaskedStream.IsCovered(settings.ApiKey))
            {
                MaskedContent.AskPlain(request.ProxyRequest);
            }

            return ValueTask.CompletedTask;
        });
        route.AddResponseTransform(async response =>
        {
            foreach (var name in response.HttpContext.Response.Headers.Keys
                .Where(name => name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase)).ToList())
            {
                response.HttpContext.Response.Headers.Remove(name);
            }

            if (settings.ApiKey is { } key && MaskedStream.IsCovered(key))
            {
                await MaskedContent.CoverAsync(response, key);
            }
        });
    }

    private static void ReplaceClient(HttpContext context, HttpRequestMessage request, ClusterSettings settings)
    {
        foreach (var name in _credentials)
        {
            request.Headers.Remove(name);
        }

        if (settings.Authorization(context) is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        RequestId.Send(context, request);
    }
}
