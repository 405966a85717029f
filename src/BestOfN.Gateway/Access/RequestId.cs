namespace BestOfN.Gateway.Access;

/// <summary>
/// The name of one request, by which a client, the log and an upstream speak of the same thing. While the request lasts it is its
/// <see cref="HttpContext.TraceIdentifier"/>.
/// </summary>
internal static class RequestId
{
    public const string Header = "x-request-id";

    /// <summary>A client's longer id is replaced.</summary>
    public const int MaxLength = 128;

    /// <summary>The client's own id if it is one value of printable ASCII and not too long; otherwise a new one.</summary>
    public static string Of(HttpRequest request) =>
        request.Headers[Header] is [{ Length: > 0 and <= MaxLength } fromClient] && !fromClient.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? fromClient
            : $"req_{Guid.NewGuid():N}";

    /// <summary>Tells an upstream the id, in the place of any that is there.</summary>
    public static void Send(HttpContext? context, HttpRequestMessage request)
    {
        request.Headers.Remove(Header);
        if (context is not null)
        {
            request.Headers.TryAddWithoutValidation(Header, context.TraceIdentifier);
        }
    }
}
