using BestOfN.Core.Json;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>Writes OpenAI's records with only those escapes that JSON demands, so that a text reads the same wherever it stands.</summary>
internal static class VerbatimJson
{
    public static OpenAIJsonContext Context { get; } =
        new(new(OpenAIJsonContext.Default.Options) { Encoder = PlainJson.Options.Encoder });
}
