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

    public ApiKeys(IConfiguration configuration) =>
        _hashes = [.. (configuration[BestOfNOptions.KeysVariable] ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Hash)];

    public int Count => _hashes.Length;

    public bool Admits(HttpRequest request) => Count == 0 || IndexOf(request) is not null;

    /// <summary>The client that a request is counted for: its key, or where no keys are configured its network address.</summary>
    public string ClientOf(HttpContext context) =>
        IndexOf(context.Request) is { } index
            ? string.Create(CultureInfo.InvariantCulture, $"key {index}")
            : AddressOf(context.Connection.RemoteIpAddress);

    private int? IndexOf(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        if (Count == 0 || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var hash = Hash(header[Scheme.Length..].Trim());
        int? found = null;
        for (var i = 0; i < _hashes.Length; i++)
        {
            // Every key is compared, so that the time taken tells nothing about them.
            found = CryptographicOperations.FixedTimeEquals(_hashes[i], hash) ? i : found;
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
