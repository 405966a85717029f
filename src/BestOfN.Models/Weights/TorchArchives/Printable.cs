using System.Text;

namespace BestOfN.Models.Weights.TorchArchives;

/// <summary>Names out of a foreign file, fit for one line of an error.</summary>
internal static class Printable
{
    private const int Longest = 300;

    public static string Text(string text)
    {
        var result = new StringBuilder();
        foreach (var c in text.Length > Longest ? text.AsSpan(0, Longest) : text)
        {
            result.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? '\uFFFD' : c);
        }

        return text.Length > Longest ? result.Append('…').ToString() : result.ToString();
    }
}
