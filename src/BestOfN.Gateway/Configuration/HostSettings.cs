using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging.Console;

namespace BestOfN.Gateway.Configuration;

/// <summary>Section <c>Kestrel</c>, as ASP.NET Core reads it.</summary>
internal sealed record KestrelSettings
{
    public const string Section = "Kestrel";

    public Dictionary<string, EndpointSettings> Endpoints { get; init; } = [];

    public EndpointDefaults? EndpointDefaults { get; init; }

    public Dictionary<string, CertificateSettings> Certificates { get; init; } = [];
}

/// <summary>What holds for every address that Kestrel listens on.</summary>
internal record EndpointDefaults
{
    public HttpProtocols? Protocols { get; init; }

    public SslProtocols? SslProtocols { get; init; }

    public ClientCertificateMode? ClientCertificateMode { get; init; }
}

/// <summary>An address that Kestrel listens on.</summary>
internal sealed record EndpointSettings : EndpointDefaults
{
    public string? Url { get; init; }

    public CertificateSettings? Certificate { get; init; }

    public Dictionary<string, EndpointSettings>? Sni { get; init; }
}

/// <summary>A certificate from a file or from the system's store.</summary>
internal sealed record CertificateSettings
{
    public string? Path { get; init; }

    public string? KeyPath { get; init; }

    public string? Password { get; init; }

    public string? Subject { get; init; }

    public string? Store { get; init; }

    public string? Location { get; init; }

    public bool AllowInvalid { get; init; }
}

/// <summary>Section <c>Logging:Console</c>, as .NET reads it.</summary>
internal sealed record ConsoleSettings
{
    public string? FormatterName { get; init; }

    public FormatterSettings? FormatterOptions { get; init; }

    public LogLevel? LogToStandardErrorThreshold { get; init; }

    public int MaxQueueLength { get; init; }

    public ConsoleLoggerQueueFullMode QueueFullMode { get; init; }

    public Dictionary<string, LogLevel>? LogLevel { get; init; }

    public bool IncludeScopes { get; init; }
}

/// <summary>The options of all formatters of the console.</summary>
internal sealed record FormatterSettings
{
    public bool IncludeScopes { get; init; }

    public string? TimestampFormat { get; init; }

    public bool UseUtcTimestamp { get; init; }

    public bool SingleLine { get; init; }

    public LoggerColorBehavior ColorBehavior { get; init; }

    public WriterSettings? JsonWriterOptions { get; init; }
}

/// <summary>How JSON is written.</summary>
internal sealed record WriterSettings
{
    public bool Indented { get; init; }
}
