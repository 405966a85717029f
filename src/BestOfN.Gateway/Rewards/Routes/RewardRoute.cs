using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>How routes of the reward server are mapped.</summary>
internal static class RewardRoute
{
    private static readonly string[] _posts = [HttpMethods.Post];
    private static readonly string[] _postsAndPuts = [HttpMethods.Post, HttpMethods.Put];

    /// <param name="routes">Where the route is mapped.</param>
    /// <param name="path">Its path.</param>
    /// <param name="options">Which dialects ask for no key.</param>
    /// <param name="dialect">The dialect in which mistakes are told until it is known better.</param>
    /// <param name="read">Reads a request.</param>
    /// <param name="dialects">All dialects whose clients call it.</param>
    /// <param name="takesPut">Whether it may be called with PUT, too.</param>
    public static void Map(
        this IEndpointRouteBuilder routes, string path, RewardServerOptions options, RewardDialect dialect,
        Func<RewardExchange, RewardCall> read, string[] dialects, bool takesPut = false)
    {
        var route = routes.MapMethods(
            path, takesPut ? _postsAndPuts : _posts, (HttpContext context, RewardHandler handler) =>
                handler.AnswerAsync(context, dialect, read));
        route.WithMetadata(dialect).WithTags("Rewards").OpenFor(options, dialects);
    }

    /// <summary>Lets everybody in where the operator has opened one of the dialects.</summary>
    public static void OpenFor(this IEndpointConventionBuilder route, RewardServerOptions options, params string[] dialects)
    {
        if (dialects.Any(options.Anonymous.Contains))
        {
            route.WithMetadata(OpenToAll.Instance);
        }
    }
}
