using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace BestOfN.Models.Tokenizers;

/// <summary>Cuts a text into the words that byte-pair merging never crosses: each pattern in turn cuts what the one before left.</summary>
/// <remarks>
/// .NET patterns see UTF-16 units, in which a letter outside the basic plane is two surrogates and no letter. The patterns
/// therefore run over a stand-in of one unit per scalar, of the same category.
/// </remarks>
internal sealed class WordSplitter
{
    private static readonly TimeSpan s_matchTimeout = TimeSpan.FromSeconds(10);

    private readonly Regex[] _patterns;

    public WordSplitter(IEnumerable<string> patterns) => _patterns =
        [.. patterns.Select(p => new Regex(p, RegexOptions.CultureInvariant | RegexOptions.Compiled, s_matchTimeout))];

    public List<(int Start, int Length)> Split(string text)
    {
        var (standIn, offsets) = StandIn(text);
        List<(int Start, int Length)> words = [(0, standIn.Length)];
        foreach (var pattern in _patterns)
        {
            var cut = new List<(int, int)>();
            foreach (var (start, length) in words)
            {
                var done = start;
                foreach (var match in pattern.EnumerateMatches(standIn.AsSpan(start, length)))
                {
                    Add(done, start + match.Index);
                    Add(start + match.Index, start + match.Index + match.Length);
                    done = start + match.Index + match.Length;
                }

                Add(done, start + length);
            }

            words = cut;

            void Add(int from, int to)
            {
                if (to > from)
                {
                    cut.Add((from, to - from));
                }
            }
        }

        return offsets is null ? words : words.ConvertAll(w => (offsets[w.Start], offsets[w.Start + w.Length] - offsets[w.Start]));
    }

    private static (string Text, List<int>? Offsets) StandIn(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return (text, null);
        }

        var standIn = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        var offset = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            standIn.Append(rune.IsBmp ? (char)rune.Value : OfCategory(Rune.GetUnicodeCategory(rune)));
            offsets.Add(offset);
            offset += rune.Utf16SequenceLength;
        }

        offsets.Add(offset);
        return (standIn.ToString(), offsets);
    }

    private static char OfCategory(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u0410',
        UnicodeCategory.LowercaseLetter => '\u0430',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u4E00',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.DashPunctuation or UnicodeCategory.OtherPunctuation => '\u00A7',
        UnicodeCategory.MathSymbol => '\u00D7',
        UnicodeCategory.OtherSymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.CurrencySymbol => '\u2603',
        _ => '\uE000',
    };
}
