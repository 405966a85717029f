using Microsoft.Extensions.Logging.Console;

namespace BestOfN.Gateway.Configuration;

/// <summary>Section <c>Logging:Console</c>, as .NET reads it.</summary>
internal sealed record ConsoleSettings
{
    public string? FormatterName { get; init; }

    public Formatter? FormatterOptions { get; init; }

    public LogLevel? LogToStandardErrorThreshold { get; init; }

    public int MaxQueueLength { get; init; }

    public ConsoleLoggerQueueFullMode QueueFullMode { get; init; }

    public Dictionary<string, LogLevel>? LogLevel { get; init; }

    public bool IncludeScopes { get; init; }

    /// <summary>The options of all formatters of the console.</summary>
    internal sealed record Formatter
    {
        public bool IncludeScopes { get; init; }

        public string? TimestampFormat { get; init; }

        public bool UseUtcTimestamp { get; init; }

        public bool SingleLine { get; init; }

        public LoggerColorBehavior ColorBehavior { get; init; }

        public JsonWriter? JsonWriterOptions { get; init; }
    }

    /// <summary>How JSON is written.</summary>
    internal sealed record JsonWriter
    {
        public bool Indented { get; init; }
    }
}
