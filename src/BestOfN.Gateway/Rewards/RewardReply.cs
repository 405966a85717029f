using System.Text.Json;

namespace BestOfN.Gateway.Rewards;

/// <summary>The body of an answer.</summary>
internal sealed record RewardReply
{
    public const string Json = "application/json";

    public required ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = Json;

    /// <summary>More headers.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>An answer in JSON.</summary>
    public static RewardReply Of(Action<Utf8JsonWriter> write) => new() { Body = BytesOf(write) };

    /// <summary>JSON as bytes.</summary>
    public static byte[] BytesOf(Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            write(json);
        }

        return body.ToArray();
    }
}
