namespace BestOfN.Gateway.Shutdown;

/// <summary>Event ids 2400 to 2499.</summary>
internal static partial class ShutdownLog
{
    [LoggerMessage(2400, LogLevel.Information, "Told to stop: /readyz answers 503, requests are still served for {Delay}")]
    public static partial void StillAnswering(this ILogger logger, TimeSpan delay);

    [LoggerMessage(2401, LogLevel.Information, "Stopping: no new connections, running requests have {Timeout} to end")]
    public static partial void Finishing(this ILogger logger, TimeSpan timeout);
}
