using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Selection.Fields;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace BestOfN.Gateway.Access;

/// <summary>Which web pages may call from a browser: <see cref="BestOfNOptions.CorsOrigins"/>, none by default.</summary>
/// <remarks>The options are read with the first request and not before: the options need their validator, the validator needs the proxy,
/// and the proxy needs this provider.</remarks>
internal sealed class OriginPolicyProvider(IServiceProvider services) : ICorsPolicyProvider
{
    private readonly Lazy<CorsPolicy?> _policy = new(
        () => Policy(services.GetRequiredService<IOptions<BestOfNOptions>>().Value.CorsOrigins));

    public Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName) => Task.FromResult(_policy.Value);

    private static CorsPolicy? Policy(string[] origins) => origins.Length == 0 ? null : new CorsPolicyBuilder(origins)
        .AllowAnyHeader()
        .AllowAnyMethod()
        .WithExposedHeaders(RequestId.Header, BestOfNHeaders.Selection, BestOfNHeaders.Degraded, HeaderNames.RetryAfter)
        .SetPreflightMaxAge(TimeSpan.FromHours(1))
        .Build();
}
