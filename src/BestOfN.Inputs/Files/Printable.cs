using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Files;

/// <summary>Text out of a file, fit for one line of a terminal or a log: nothing in it moves a cursor, changes a colour or turns the
/// direction of writing.</summary>
public static class Printable
{
    private const int Longest = 300;

    /// <param name="text">Text from a file, a row or a template.</param>
    /// <param name="longest">Characters that are kept.</param>
    public static string Text(string text, int longest = Longest)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = new StringBuilder();
        foreach (var c in text.Length > longest ? text.AsSpan(0, longest) : text)
        {
            var isHarmful = char.IsControl(c) || c is '\u2028' or '\u2029' || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
            result.Append(isHarmful ? '\uFFFD' : c);
        }

        return text.Length > longest ? result.Append('…').ToString() : result.ToString();
    }
}
