using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Access;

/// <summary>The keys that clients may call with. Only their hashes are kept, and nothing of them is logged.</summary>
internal sealed class ApiKeys
{
    private readonly byte[][] _hashes;
    private readonly byte[][] _operators;

    public ApiKeys(IConfiguration configuration)
    {
        _hashes = HashesIn(configuration[BestOfNOptions.KeysVariable]);
        _operators = HashesIn(configuration[BestOfNOptions.OperatorKeysVariable]);
    }

    public int Count => _hashes.Length;

    public bool Admits(HttpRequest request) =>
        Count == 0 || IndexOf(request, _hashes) is not null || IndexOf(request, _operators) is not null;

    /// <summary>Whether a request may see what other clients do: an operator's. Where no keys are configured, everybody is one.</summary>
    public bool MayWatch(HttpRequest request) => _operators.Length == 0 ? Count == 0 : IndexOf(request, _operators) is not null;

    /// <summary>The client that a request is counted for: its key, or where it has none its network address.</summary>
    public string ClientOf(HttpContext context) =>
        IndexOf(context.Request, _hashes) is { } index ? string.Create(CultureInfo.InvariantCulture, $"key {index}")
        : IndexOf(context.Request, _operators) is { } place ? string.Create(CultureInfo.InvariantCulture, $"operator {place}")
        : AddressOf(context.Connection.RemoteIpAddress);

    private static byte[][] HashesIn(string? keys) =>
        [.. (keys ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Hash)];

    private static int? IndexOf(HttpRequest request, byte[][] hashes)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        if (hashes.Length == 0 || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var hash = Hash(header[Scheme.Length..].Trim());
        int? found = null;
        for (var i = 0; i < hashes.Length; i++)
        {
            // Every key is compared, so that the time taken tells nothing about them.
            found = CryptographicOperations.FixedTimeEquals(hashes[i], hash) ? i : found;
        }

        return found;
    }

    private static string AddressOf(IPAddress? address) => address switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),

        // One subscriber has 2^64 addresses: the first half of an address tells subscribers apart.
        { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.ToString(),
    };

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
