using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>
/// One UTF-16 unit for every character above U+FFFF, so that patterns of .NET, which see units, see characters. Characters with the same
/// category that no range of the patterns tells apart share a unit. The units are surrogates, which text has no other use for once each
/// character is one unit.
/// </summary>
internal sealed class AstralStandIns
{
    public const char FirstUnit = '\uD800';
    private const int Units = 2048;
    private const int Categories = 30;

    private readonly SortedSet<int> _boundaries = [0x10000];
    private int[]? _starts;

    private int[] Starts => _starts ??= [.. _boundaries];

    /// <summary>Tells that a pattern names the characters of a range; all ranges have to be
    /// told before the first unit is asked for.</summary>
    /// <exception cref="InvalidDataException">The ranges of the patterns need more units than there are.</exception>
    public void Distinguish(int first, int last)
    {
        if (last < 0x10000)
        {
            return;
        }

        _boundaries.Add(Math.Max(first, 0x10000));
        if (last < 0x10FFFF)
        {
            _boundaries.Add(last + 1);
        }

        if (_boundaries.Count * Categories > Units)
        {
            throw new InvalidDataException("the patterns name too many ranges of characters above U+FFFF");
        }
    }

    public char Of(Rune rune)
    {
        var segment = Array.BinarySearch(Starts, rune.Value);
        return (char)(FirstUnit + ((int)Rune.GetUnicodeCategory(rune) * Starts.Length) + (segment >= 0 ? segment : ~segment - 1));
    }

    /// <summary>All units with a character and the category that they stand for.</summary>
    public IEnumerable<(char Unit, int Character, UnicodeCategory Category)> All()
    {
        for (var i = 0; i < Categories * Starts.Length; i++)
        {
            yield return ((char)(FirstUnit + i), Starts[i % Starts.Length], (UnicodeCategory)(i / Starts.Length));
        }
    }
}
