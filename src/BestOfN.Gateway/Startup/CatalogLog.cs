namespace BestOfN.Gateway.Startup;

/// <summary>Event ids 2000 to 2099.</summary>
internal static partial class CatalogLog
{
    [LoggerMessage(2000, LogLevel.Information, "{Model} is ready")]
    public static partial void Opened(this ILogger logger, string model);

    [LoggerMessage(2003, LogLevel.Information, "{Model} is computed in {Type}; repeatable: {Repeatability}; {Kernels}")]
    public static partial void Computed(this ILogger logger, string model, string type, string repeatability, string kernels);

    [LoggerMessage(2002, LogLevel.Warning, "{Model} does not say everything about itself; assumed: {Assumption}")]
    public static partial void Assumed(this ILogger logger, string model, string assumption);

    [LoggerMessage(2001, LogLevel.Error, "{Model} could not be opened; requests for it are answered with 503\n{Reason}")]
    public static partial void NotOpened(this ILogger logger, string model, string reason);
}
