using Yarp.ReverseProxy.Model;

namespace BestOfN.Gateway.Access;

/// <summary>Sees to it that no spelling of a path goes round the routes that make candidates.</summary>
/// <remarks>Slips that clients make when they join addresses are put right. Other spellings, which an upstream might understand as such a
/// route, are not passed on.</remarks>
internal static class PathFolding
{
    private const int MaxEncodings = 8;

    /// <summary>Puts right doubled slashes and a doubled <c>/v1</c>. Must come before routing.</summary>
    public static void UsePathFolding(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Request.Path = Fold(context.Request.Path.Value ?? "");
        return next(context);
    });

    /// <summary>Refuses what would be passed on under a path that means a route of the gateway's own. Must come after routing.</summary>
    public static void UseOwnRoutesOnly(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RouteModel>() is null || !MeansGenerating(context.Request.Path.Value ?? ""))
        {
            return next(context);
        }

        // Nothing is written here, so that the answer is the one for every unknown route and wrong method.
        if (HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = HttpMethods.Post;
        }

        return Task.CompletedTask;
    });

    /// <summary><c>//v1//chat</c> and <c>/v1/v1/chat</c> as <c>/v1/chat</c>.</summary>
    public static string Fold(string path)
    {
        while (path.Contains("//", StringComparison.Ordinal))
        {
            path = path.Replace("//", "/", StringComparison.Ordinal);
        }

        while (path.StartsWith("/v1/v1/", StringComparison.OrdinalIgnoreCase))
        {
            path = path[3..];
        }

        return path;
    }

    /// <summary>
    /// Whether some server could take a path for <c>/v1/chat/completions</c> or <c>/v1/completions</c>, with or without <c>/v1</c>.
    /// </summary>
    public static bool MeansGenerating(string path)
    {
        var decoded = path;
        for (var i = 0; i < MaxEncodings; i++)
        {
            decoded = Uri.UnescapeDataString(decoded);
        }

        List<string> segments = [];
        foreach (var part in decoded.Split('/', '\\'))
        {
            // Some servers cut parameters and white space off.
            char[] unseen = [.. Enumerable.Range(0, ' ' + 1).Select(code => (char)code)];
            var segment = part.Split(';', '?', '#')[0].Trim(unseen).ToUpperInvariant();
            switch (segment)
            {
                case "" or "." or "V1" when segments.Count == 0 || segment is not "V1":
                    break;
                case "..":
                    segments = segments[..^Math.Min(1, segments.Count)];
                    break;
                default:
                    segments.Add(segment);
                    break;
            }
        }

        return segments is ["COMPLETIONS"] or ["CHAT", "COMPLETIONS"];
    }
}
