using System.Text.Encodings.Web;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>Writes OpenAI's records with only those escapes that JSON demands, so that a text reads the same wherever it stands.</summary>
internal static class VerbatimJson
{
    public static OpenAIJsonContext Context { get; } =
        new(new(OpenAIJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
