using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace BestOfN.Gateway.Configuration;

/// <summary>Section <c>Kestrel</c>, as ASP.NET Core reads it.</summary>
internal sealed record KestrelSettings
{
    public const string Section = "Kestrel";

    public Dictionary<string, Endpoint> Endpoints { get; init; } = [];

    public Defaults? EndpointDefaults { get; init; }

    public Dictionary<string, CertificateSource> Certificates { get; init; } = [];

    /// <summary>What holds for every address that Kestrel listens on.</summary>
    internal record Defaults
    {
        public HttpProtocols? Protocols { get; init; }

        public SslProtocols? SslProtocols { get; init; }

        public ClientCertificateMode? ClientCertificateMode { get; init; }
    }

    /// <summary>An address that Kestrel listens on.</summary>
    internal sealed record Endpoint : Defaults
    {
        public string? Url { get; init; }

        public CertificateSource? Certificate { get; init; }

        public Dictionary<string, Endpoint>? Sni { get; init; }
    }

    /// <summary>A certificate from a file or from the system's store.</summary>
    internal sealed record CertificateSource
    {
        public string? Path { get; init; }

        public string? KeyPath { get; init; }

        public string? Password { get; init; }

        public string? Subject { get; init; }

        public string? Store { get; init; }

        public string? Location { get; init; }

        public bool AllowInvalid { get; init; }
    }
}
