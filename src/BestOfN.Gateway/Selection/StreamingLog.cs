namespace BestOfN.Gateway.Selection;

/// <summary>Event ids 2100 to 2199.</summary>
internal static partial class StreamingLog
{
    [LoggerMessage(2100, LogLevel.Warning, "A stream ended with an error (status {Status}, {ErrorType}) after it had begun: {Reason}")]
    public static partial void StreamBroke(this ILogger logger, int status, string errorType, string? reason);
}
