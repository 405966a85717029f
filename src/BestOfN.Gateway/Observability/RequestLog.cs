namespace BestOfN.Gateway.Observability;

/// <summary>
/// Writes a line for each request: at Information what clients ask of <c>/v1</c>, at Debug health checks and metrics. Event ids 2300 to
/// 2399.
/// </summary>
internal static partial class RequestLog
{
    private const int MaxPathLength = 200;

    public static void UseRequestLog(this IApplicationBuilder app)
    {
        var logger = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("BestOfN.Gateway.Requests");
        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        app.Use(async (context, next) =>
        {
            var begin = time.GetTimestamp();
            try
            {
                await next(context);
            }
            finally
            {
                Write(logger, context, (long)time.GetElapsedTime(begin).TotalMilliseconds);
            }
        });
    }

    private static void Write(ILogger logger, HttpContext context, long milliseconds)
    {
        var request = context.Request;
        var level = request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase) ? LogLevel.Information : LogLevel.Debug;
        var path = request.Path.ToUriComponent();
        path = path.Length > MaxPathLength ? path[..MaxPathLength] + "…" : path;

        var status = RequestFacts.StatusOf(context);
        if (context.Features.Get<RequestFacts>() is { Model: { } model } facts)
        {
            var scored = facts.Selection?.Scored;
            logger.Answered(level, request.Method, path, status, milliseconds, model, facts.Candidates, scored, context.TraceIdentifier);
        }
        else
        {
            logger.Answered(level, request.Method, path, status, milliseconds, context.TraceIdentifier);
        }
    }

    [LoggerMessage(
        EventId = 2300,
        Message = "{Method} {Path} {Status} in {Milliseconds} ms, model {Model}, N {Candidates}, scored {Scored}, request {RequestId}")]
    private static partial void Answered(
        this ILogger logger, LogLevel level, string method, string path, int status, long milliseconds, string model, int? candidates,
        int? scored, string requestId);

    [LoggerMessage(EventId = 2301, Message = "{Method} {Path} {Status} in {Milliseconds} ms, request {RequestId}")]
    private static partial void Answered(
        this ILogger logger, LogLevel level, string method, string path, int status, long milliseconds, string requestId);
}
