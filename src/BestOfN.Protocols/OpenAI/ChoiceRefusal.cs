using System.Text;
using System.Text.RegularExpressions;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>Recognises an upstream that will not make so many choices in one call.</summary>
internal static partial class ChoiceRefusal
{
    /// <returns>How many to ask for instead; null if the refusal is about something else.</returns>
    public static int? SmallerCall(GenerationFailedException refusal, int choices)
    {
        if (choices == 1 || refusal.StatusCode is not (400 or 422 or 501))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(refusal.Body.Span);
        return TooManyForSlots().IsMatch(text) ? choices / 2
            : AboutChoices().IsMatch(text) ? 1
            : null;
    }

    // llama-server: "n_cmpl cannot be greater than the number of slots, please increase -np".
    [GeneratedRegex("number of slots", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex TooManyForSlots();

    // Older llama-server: "Only one completion choice is allowed"; others name the parameter: "param":"n", 'n' must be 1, n > 1 is not supported.
    [GeneratedRegex("completion choice|n_cmpl|\"param\"\\s*:\\s*\"n\"|[`'\"\\\\]n[`'\"\\\\]|\\bn\\s*(>|=|must|should|is|cannot)|multiple (choices|completions)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AboutChoices();
}
