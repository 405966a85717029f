using BestOfN.Core.Selection;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Page.Ranking;
using BestOfN.Gateway.Page.Traffic;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Page;

/// <summary>The page for people: its files, which everybody may read, and what it asks for, which needs a key as other routes do.</summary>
internal static class PageEndpoints
{
    // Nothing but the page's own files runs or is loaded, and no other page may show this one in a frame. Pictures and videos that a user
    // chose are shown from the browser's memory (blob:, data:).
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self' data: blob:; media-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'";

    public static void MapPage(this IEndpointRouteBuilder routes)
    {
        if (!routes.ServiceProvider.GetRequiredService<IOptions<BestOfNOptions>>().Value.Page)
        {
            return;
        }

        foreach (var file in PageFile.ReadAll())
        {
            var path = file.Name is PageFile.Index ? "/" : $"/page/{file.Name}";
            routes.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], (HttpContext context) => Send(context.Response, file))
                .WithMetadata(OpenToAll.Instance);
        }

        routes.MapGet("/page/facts", Facts);
        routes.MapPost("/page/rank", RankAsync);
        routes.MapGet("/page/traffic", Traffic);
    }

    private static FileContentHttpResult Send(HttpResponse response, PageFile file)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-cache"; // asked for each time, and answered with 304 while it is the same
        return TypedResults.Bytes(file.Content, file.ContentType, entityTag: file.Tag);
    }

    private static JsonHttpResult<PageFacts> Facts(
        HttpContext context, GeneratorCatalog models, SelectionStrategies strategies, IOptions<BestOfNOptions> options) =>
        Private(context, PageFacts.Of(models, strategies, options.Value), PageJsonContext.Default.PageFacts);

    private static async Task<JsonHttpResult<RankingAnswer>> RankAsync(
        HttpContext context, ApiKeys keys, RequestBodies bodies, SelectionStrategies strategies)
    {
        var body = await bodies.ReadAsync(context, keys.ClientOf(context), context.RequestAborted);
        return Private(context, RankingRequest.Read(body, strategies).Rank(), PageJsonContext.Default.RankingAnswer);
    }

    private static JsonHttpResult<TrafficReport> Traffic(HttpContext context, ApiKeys keys, TrafficLog traffic, long after = 0) =>
        keys.MayWatch(context.Request)
            ? Private(context, traffic.Report(after), PageJsonContext.Default.TrafficReport)
            : throw ApiException.OperatorOnly();

    private static JsonHttpResult<T> Private<T>(HttpContext context, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Json(value, type);
    }
}
