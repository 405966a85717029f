using System.Text;

namespace BestOfN.Core.Selection;

/// <summary>When two answers say the same.</summary>
public static class AnswerText
{
    /// <summary>Compatibility forms are folded, letters lowered, white space trimmed and runs of it made one space.</summary>
    public static string Normalize(string text) =>
        string.Join(' ', text.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>One number per answer, equal for answers that say the same; numbers rise from 0 in the order of first appearance.</summary>
    public static int[] Group(IEnumerable<string> answers)
    {
        var groups = new Dictionary<string, int>();
        return [.. answers.Select(Normalize).Select(a => groups.TryGetValue(a, out var group) ? group : groups[a] = groups.Count)];
    }
}
