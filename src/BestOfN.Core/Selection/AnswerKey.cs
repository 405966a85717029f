using System.Text;
using BestOfN.Core.Generation;

namespace BestOfN.Core.Selection;

/// <summary>The form in which votes are counted: two candidates with the same key gave the same answer.</summary>
/// <remarks>
/// The whole text, without letter case, full-width forms folded, white space collapsed and trimmed. No final answer is cut out of a longer text, so candidates
/// that reason differently towards the same result count as different. The rest of Unicode's compatibility folding needs ICU, which the product does not ask for.
/// </remarks>
internal static class AnswerKey
{
    private const char FirstFullWidth = '\uFF01';
    private const char LastFullWidth = '\uFF5E';
    private const int FullWidthOffset = FirstFullWidth - '!';

    public static string Of(Candidate candidate) => Of(JudgedText.Of(candidate));

    public static string Of(string text)
    {
        var key = new StringBuilder(text.Length);
        var pendingSpace = false;
        foreach (var character in text)
        {
            if (char.IsWhiteSpace(character))
            {
                pendingSpace = key.Length > 0;
                continue;
            }

            if (pendingSpace)
            {
                key.Append(' ');
                pendingSpace = false;
            }

            key.Append(character is >= FirstFullWidth and <= LastFullWidth ? (char)(character - FullWidthOffset) : character);
        }

        // Upper case folds more than lower case does: both Greek small sigmas have one capital.
        return key.ToString().ToUpperInvariant();
    }
}
