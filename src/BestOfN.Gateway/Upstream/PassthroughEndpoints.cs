using System.Globalization;
using BestOfN.Protocols.OpenAI.Wire;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace BestOfN.Gateway.Upstream;

/// <summary>Every /v1 route that is not the gateway's own, where YARP has a route for it. Failures are told in OpenAI's envelope.</summary>
internal static class PassthroughEndpoints
{
    public static void MapPassthrough(this IEndpointRouteBuilder routes)
    {
        routes.MapReverseProxy(proxy =>
        {
            proxy.Use(ExplainFailureAsync);
            proxy.UseSessionAffinity();
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        });
    }

    private static async Task ExplainFailureAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.GetForwarderErrorFeature() is null || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (context.Response.StatusCode is StatusCodes.Status503ServiceUnavailable)
        {
            var wait = context.RequestServices.GetRequiredService<IOptions<UpstreamOptions>>().Value.CircuitBreak;
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        await (context.Response.StatusCode switch
        {
            StatusCodes.Status503ServiceUnavailable =>
                WriteErrorAsync(context, 503, "No upstream is available.", "server_error", "upstream_unavailable"),
            StatusCodes.Status504GatewayTimeout =>
                WriteErrorAsync(context, 504, "The upstream did not answer in time.", "server_error", "upstream_timeout"),
            >= 400 and < 500 and var status =>
                WriteErrorAsync(context, status, "The request could not be read.", "invalid_request_error", null),
            var status => WriteErrorAsync(context, status, "The upstream could not be reached.", "server_error", "upstream_failed"),
        });
    }

    private static Task WriteErrorAsync(HttpContext context, int status, string message, string type, string? code)
    {
        context.Response.StatusCode = status;
        var error = new ApiErrorResponse(new(message, type) { Code = code });
        return context.Response.WriteAsJsonAsync(error, OpenAIJsonContext.Default.ApiErrorResponse, "application/json");
    }
}
