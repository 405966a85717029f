using System.Security.Cryptography;
using System.Text;

namespace BestOfN.Gateway.Access;

/// <summary>The keys that clients may call with. Only their hashes are kept, and nothing of them is logged.</summary>
internal sealed class ApiKeys
{
    /// <summary>Environment variable with keys, separated by commas. Unset: everybody may call.</summary>
    public const string Variable = "BESTOFN_API_KEYS";

    private readonly byte[][] _hashes;

    public ApiKeys(IConfiguration configuration) =>
        _hashes = [.. (configuration[Variable] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Hash)];

    public bool Admits(HttpRequest request)
    {
        if (_hashes.Length == 0)
        {
            return true;
        }

        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var hash = Hash(header[Scheme.Length..].Trim());
        var admits = false;
        foreach (var known in _hashes)
        {
            admits |= CryptographicOperations.FixedTimeEquals(known, hash);
        }

        return admits;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
