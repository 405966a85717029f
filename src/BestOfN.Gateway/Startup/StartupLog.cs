namespace BestOfN.Gateway.Startup;

/// <summary>Event ids 2200 to 2299.</summary>
internal static partial class StartupLog
{
    [LoggerMessage(2200, LogLevel.Information, "Ready: {Addresses}\nPage: {Page}\nModels: {Models}\nTry: {Request}")]
    public static partial void Ready(this ILogger logger, string addresses, string page, string models, string request);

    [LoggerMessage(
        2201, LogLevel.Warning, "Started, but these models could not be opened, and requests for them are answered with 503: {Models}")]
    public static partial void StartedWithout(this ILogger logger, string models);
}
