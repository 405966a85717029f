namespace BestOfN.Gateway.Errors;

/// <summary>Event ids 2600 to 2699.</summary>
internal static partial class ErrorLog
{
    [LoggerMessage(2600, LogLevel.Error, "A request failed for a reason that nobody expected; it was answered with {Status}: {Reason}")]
    public static partial void Accident(this ILogger logger, int status, string reason);
}
