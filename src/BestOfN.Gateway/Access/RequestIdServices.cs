namespace BestOfN.Gateway.Access;

internal static class RequestIdServices
{
    private static readonly Func<ILogger, string, IDisposable?> _scope = LoggerMessage.DefineScope<string>("x-request-id {XRequestId}");

    /// <summary>
    /// Gives every request its id, and every answer the header that says it: errors, streams and what an upstream answered as well.
    /// </summary>
    public static void UseRequestIds(this IApplicationBuilder app)
    {
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("BestOfN.Gateway.Requests");
        app.Use(async (context, next) =>
        {
            var id = RequestId.Of(context.Request);
            context.TraceIdentifier = id;

            // Set last, when the headers go out: error handling clears them before, and an upstream's answer brings an id of its own.
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[RequestId.Header] = id;
                return Task.CompletedTask;
            });
            using (_scope(logger, id))
            {
                await next(context);
            }
        });
    }
}
