using BestOfN.Core.Telemetry;
using BestOfN.Gateway.Access;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace BestOfN.Gateway.Observability;

internal static class TelemetryServices
{
    /// <summary>Metrics on <c>/metrics</c>; traces by OTLP where OpenTelemetry's variables name a receiver.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(
                resource => resource.AddService(configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : TelemetryNames.Service))
            .WithMetrics(metrics => metrics
                .AddMeter(TelemetryNames.Source, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddPrometheusExporter());
        if (!string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])
            || !string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]))
        {
            telemetry.WithTracing(traces => traces
                .AddSource(TelemetryNames.Source)
                .AddAspNetCoreInstrumentation(requests => requests.Filter = context =>
                    context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase))
                .AddHttpClientInstrumentation()
                .AddOtlpExporter());
        }
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(OpenToAll.Instance);
}
