using System.Text;

namespace BestOfN.Core.Selection;

/// <summary>What users and models wrote, made fit for a log: it cannot begin a line of its own or speak to a terminal.</summary>
internal static class LoggedText
{
    public static string Of(string text)
    {
        var logged = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => logged.Append("\\n"),
                '\t' => logged.Append("\\t"),
                _ when char.IsControl(character) || character is '\u2028' or '\u2029' => logged.Append('\uFFFD'),
                _ => logged.Append(character),
            };
        }

        return logged.ToString();
    }
}
