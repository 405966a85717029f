using System.Text;

namespace BestOfN.Inputs.Tokenizers;

internal static class Scalars
{
    /// <summary>The text with U+FFFD for every lone surrogate.</summary>
    public static string Only(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
        ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text))
        : text;
}
