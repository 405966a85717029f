using System.Globalization;
using System.Text;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Data.Cleaning;

/// <summary>What the text of an answer says about itself, without a reward model.</summary>
internal static class AnswerText
{
    private const double MostGarbage = 0.02;
    private const int LongAnswer = 500;
    private const int LongestWord = 100;
    private const int FewestWords = 30;
    private const int Sequence = 5;
    private const int LongEnoughToEnd = 200;
    private const int Short = 4;
    private const string Endings = ".!?。！？…)\"'”’»]}*`|:;";

    private static readonly string[] s_specialTokens =
        ["<|im_start|>", "<|im_end|>", InternLMMarkers.MessageEnd, InternLMMarkers.MessageStart, "<|reward|>", InternLMMarkers.Reward];

    /// <summary>Unicode scalar values without white space at both ends.</summary>
    public static int Length(string answer) => answer.Trim().EnumerateRunes().Count();

    public static bool HasSpecialToken(string answer) => s_specialTokens.Any(token => answer.Contains(token, StringComparison.Ordinal));

    /// <summary>Replacement or control characters, or a long word of a script that parts its words.</summary>
    public static bool IsGarbled(string answer)
    {
        var (length, garbage, run, longest) = (0, 0, 0, 0);
        foreach (var rune in answer.Trim().EnumerateRunes())
        {
            length++;
            garbage += rune.Value == 0xFFFD
                || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Control && rune.Value is not ('\t' or '\n' or '\r')) ? 1 : 0;
            run = Rune.IsWhiteSpace(rune) || HasNoSpaces(rune.Value) ? 0 : run + 1;
            longest = Math.Max(longest, run);
        }

        return garbage > MostGarbage * length || (length > LongAnswer && longest > LongestWord);
    }

    /// <summary>The most frequent five words in a row make up more than half of the answer.</summary>
    public static bool RepeatsItself(string answer)
    {
        var words = answer.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < FewestWords)
        {
            return false;
        }

        var most = Enumerable.Range(0, words.Length - Sequence + 1).CountBy(i => string.Join(' ', words.AsSpan(i, Sequence)))
            .Max(count => count.Value);
        return most * Sequence > words.Length / 2.0;
    }

    /// <summary>What a reader should look at; no reason to drop.</summary>
    public static IEnumerable<string> Hints(string answer)
    {
        var text = answer.Trim();
        var length = Length(answer);
        if (length >= LongEnoughToEnd && !Endings.Contains(text[^1], StringComparison.Ordinal))
        {
            yield return "ends_abruptly";
        }

        if (length < Short)
        {
            yield return "short";
        }
    }

    private static bool HasNoSpaces(int c) =>
        c is (>= 0x3000 and <= 0x9FFF) or (>= 0xAC00 and <= 0xD7AF) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF00 and <= 0xFFEF) or >= 0x20000;
}
