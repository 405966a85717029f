using System.Diagnostics.CodeAnalysis;

namespace BestOfN.Protocols.Upstreams;

/// <summary>Reads addresses of servers.</summary>
public static class ServerAddress
{
    /// <summary>The words of messages for an address that is expected.</summary>
    public const string Expected = "an address that begins with http:// or https://, without user, password, query and fragment";

    /// <summary>Reads an address. It may stand in files and logs, so it holds no secret.</summary>
    public static bool TryRead(string? text, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && (address.Scheme is "http" or "https")
        && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0;
}
