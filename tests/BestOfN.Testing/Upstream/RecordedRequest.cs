using System.Text.Json;

namespace BestOfN.Testing.Upstream;

/// <summary>One request as it came.</summary>
public sealed record RecordedRequest(string Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}
