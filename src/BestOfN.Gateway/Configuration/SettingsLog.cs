namespace BestOfN.Gateway.Configuration;

/// <summary>Event ids 2500 to 2599.</summary>
internal static partial class SettingsLog
{
    [LoggerMessage(2500, LogLevel.Information, "The settings have changed; clusters, routes and log levels are in use at once")]
    public static partial void Changed(this ILogger logger);

    [LoggerMessage(2501, LogLevel.Warning, "These settings have changed and wait for a restart of the gateway: {Settings}")]
    public static partial void NeedsRestart(this ILogger logger, string settings);

    [LoggerMessage(2503, LogLevel.Warning, "{Path}: '{Old}' is an old word, which is still read; write '{New}'")]
    public static partial void OldWord(this ILogger logger, string path, string old, string @new);

    [LoggerMessage(
        2502, LogLevel.Error,
        "{File} has changed and is not used, because there are mistakes in it; the last good settings stay:\n{Problems}")]
    public static partial void Refused(this ILogger logger, string? file, string problems);
}
