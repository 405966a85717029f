using Microsoft.AspNetCore.Http;

namespace BestOfN.Testing.Upstream;

/// <summary>Something an upstream does instead of answering.</summary>
public sealed class Fault
{
    private Fault(Func<HttpContext, Task> happen) => Happen = happen;

    internal Func<HttpContext, Task> Happen { get; }

    /// <summary>The connection is lost before any header.</summary>
    public static Fault Reset { get; } = new(context =>
    {
        context.Abort();
        return Task.CompletedTask;
    });

    /// <summary>All is well, says the status; the body says otherwise.</summary>
    public static Fault ErrorWithStatus200 { get; } = Answering(
        200, """{"error":{"message":"The model crashed","type":"server_error","code":503}}""");

    /// <summary>The same as the first event of a stream.</summary>
    public static Fault ErrorEvent { get; } = Answering(
        200, "data: {\"error\":{\"message\":\"The model crashed\",\"code\":503}}\n\ndata: [DONE]\n\n", "text/event-stream");

    public static Fault BrokenJson { get; } = Answering(
        200, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ha\n\n", "text/event-stream");

    /// <summary>A proxy's page in the place of an answer.</summary>
    public static Fault Html { get; } = Answering(200, "<html><body>Welcome</body></html>", "text/html");

    public static Fault Status(int status, string message = "Something broke") =>
        Answering(status, $$$"""{"error":{"message":"{{{message}}}","type":"server_error","param":null,"code":null}}""");

    public static Fault TooManyRequests(string retryAfter, string retryAfterMs = "") => new(context =>
    {
        context.Response.Headers.RetryAfter = retryAfter;
        context.Response.Headers["retry-after-ms"] = retryAfterMs;
        return Status(429, "Slow down").Happen(context);
    });

    /// <summary>Answers, and lets pages of any origin call, as many servers do.</summary>
    public static Fault AllowingEveryPage { get; } = new(context =>
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        context.Response.Headers.AccessControlAllowCredentials = "true";
        return Answering(200, "{}").Happen(context);
    });

    /// <summary>Never sends a header.</summary>
    public static Fault Silence { get; } = new(context => Task.Delay(Timeout.Infinite, context.RequestAborted));

    public static Fault Answering(int status, string body, string contentType = "application/json") => new(context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body);
    });

    /// <summary>An empty JSON object with a header of its own.</summary>
    public static Fault WithHeader(string name, string value) => new(context =>
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers[name] = value;
        return context.Response.WriteAsync("{}");
    });

    /// <summary>A stream that is compressed although nobody asked for that.</summary>
    public static Fault Compressed(byte[] gzip) => new(async context =>
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.ContentEncoding = "gzip";
        await context.Response.Body.WriteAsync(gzip);
    });

    /// <summary>Sends a beginning and then the same piece again and again, until the client goes away.</summary>
    public static Fault Flooding(string contentType, string start, string piece) => new(async context =>
    {
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(start);
        while (true)
        {
            await context.Response.WriteAsync(piece, context.RequestAborted);
            context.RequestAborted.ThrowIfCancellationRequested();
        }
    });

    /// <summary>Sends the client elsewhere.</summary>
    public static Fault RedirectTo(Uri elsewhere) => new(context =>
    {
        context.Response.StatusCode = 307;
        context.Response.Headers.Location = elsewhere.ToString();
        context.Response.Headers.SetCookie = "session=1";
        return Task.CompletedTask;
    });
}
