using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Python's upper, lower and title case: one character may become several, and a
/// sigma at the end of a word has a form of its own.</summary>
/// <remarks>Unicode, SpecialCasing.txt and section 3.13; .NET maps characters one by one.</remarks>
internal static class JinjaCase
{
    // A character and what it becomes, where .NET has another answer.
    private static readonly FrozenDictionary<char, string> s_upper = Table(
        "\u00DFSS \u0149\u02BCN \u01F0J\u030C \u0390\u0399\u0308\u0301 \u03B0\u03A5\u0308\u0301 \u0587\u0535\u0552 \u1E96H\u0331 "
        + "\u1E97T\u0308 \u1E98W\u030A \u1E99Y\u030A \u1E9AA\u02BE \u1F50\u03A5\u0313 \u1F52\u03A5\u0313\u0300 "
        + "\u1F54\u03A5\u0313\u0301 \u1F56\u03A5\u0313\u0342 \u1F80\u1F08\u0399 \u1F81\u1F09\u0399 \u1F82\u1F0A\u0399 "
        + "\u1F83\u1F0B\u0399 \u1F84\u1F0C\u0399 \u1F85\u1F0D\u0399 \u1F86\u1F0E\u0399 \u1F87\u1F0F\u0399 \u1F88\u1F08\u0399 "
        + "\u1F89\u1F09\u0399 \u1F8A\u1F0A\u0399 \u1F8B\u1F0B\u0399 \u1F8C\u1F0C\u0399 \u1F8D\u1F0D\u0399 \u1F8E\u1F0E\u0399 "
        + "\u1F8F\u1F0F\u0399 \u1F90\u1F28\u0399 \u1F91\u1F29\u0399 \u1F92\u1F2A\u0399 \u1F93\u1F2B\u0399 \u1F94\u1F2C\u0399 "
        + "\u1F95\u1F2D\u0399 \u1F96\u1F2E\u0399 \u1F97\u1F2F\u0399 \u1F98\u1F28\u0399 \u1F99\u1F29\u0399 \u1F9A\u1F2A\u0399 "
        + "\u1F9B\u1F2B\u0399 \u1F9C\u1F2C\u0399 \u1F9D\u1F2D\u0399 \u1F9E\u1F2E\u0399 \u1F9F\u1F2F\u0399 \u1FA0\u1F68\u0399 "
        + "\u1FA1\u1F69\u0399 \u1FA2\u1F6A\u0399 \u1FA3\u1F6B\u0399 \u1FA4\u1F6C\u0399 \u1FA5\u1F6D\u0399 \u1FA6\u1F6E\u0399 "
        + "\u1FA7\u1F6F\u0399 \u1FA8\u1F68\u0399 \u1FA9\u1F69\u0399 \u1FAA\u1F6A\u0399 \u1FAB\u1F6B\u0399 \u1FAC\u1F6C\u0399 "
        + "\u1FAD\u1F6D\u0399 \u1FAE\u1F6E\u0399 \u1FAF\u1F6F\u0399 \u1FB2\u1FBA\u0399 \u1FB3\u0391\u0399 \u1FB4\u0386\u0399 "
        + "\u1FB6\u0391\u0342 \u1FB7\u0391\u0342\u0399 \u1FBC\u0391\u0399 \u1FC2\u1FCA\u0399 \u1FC3\u0397\u0399 "
        + "\u1FC4\u0389\u0399 \u1FC6\u0397\u0342 \u1FC7\u0397\u0342\u0399 \u1FCC\u0397\u0399 \u1FD2\u0399\u0308\u0300 "
        + "\u1FD3\u0399\u0308\u0301 \u1FD6\u0399\u0342 \u1FD7\u0399\u0308\u0342 \u1FE2\u03A5\u0308\u0300 \u1FE3\u03A5\u0308\u0301 "
        + "\u1FE4\u03A1\u0313 \u1FE6\u03A5\u0342 \u1FE7\u03A5\u0308\u0342 \u1FF2\u1FFA\u0399 \u1FF3\u03A9\u0399 "
        + "\u1FF4\u038F\u0399 \u1FF6\u03A9\u0342 \u1FF7\u03A9\u0342\u0399 \u1FFC\u03A9\u0399 \uFB00FF \uFB01FI \uFB02FL \uFB03FFI "
        + "\uFB04FFL \uFB05ST \uFB06ST \uFB13\u0544\u0546 \uFB14\u0544\u0535 \uFB15\u0544\u053B \uFB16\u054E\u0546 "
        + "\uFB17\u0544\u053D \u0131I \u017FS");

    private static readonly FrozenDictionary<char, string> s_title = Table(
        "\u00DFSs \u0149\u02BCN \u01F0J\u030C \u0390\u0399\u0308\u0301 \u03B0\u03A5\u0308\u0301 \u0587\u0535\u0582 \u1E96H\u0331 "
        + "\u1E97T\u0308 \u1E98W\u030A \u1E99Y\u030A \u1E9AA\u02BE \u1F50\u03A5\u0313 \u1F52\u03A5\u0313\u0300 "
        + "\u1F54\u03A5\u0313\u0301 \u1F56\u03A5\u0313\u0342 \u1F80\u1F88 \u1F81\u1F89 \u1F82\u1F8A \u1F83\u1F8B \u1F84\u1F8C "
        + "\u1F85\u1F8D \u1F86\u1F8E \u1F87\u1F8F \u1F88\u1F88 \u1F89\u1F89 \u1F8A\u1F8A \u1F8B\u1F8B \u1F8C\u1F8C \u1F8D\u1F8D "
        + "\u1F8E\u1F8E \u1F8F\u1F8F \u1F90\u1F98 \u1F91\u1F99 \u1F92\u1F9A \u1F93\u1F9B \u1F94\u1F9C \u1F95\u1F9D \u1F96\u1F9E "
        + "\u1F97\u1F9F \u1F98\u1F98 \u1F99\u1F99 \u1F9A\u1F9A \u1F9B\u1F9B \u1F9C\u1F9C \u1F9D\u1F9D \u1F9E\u1F9E \u1F9F\u1F9F "
        + "\u1FA0\u1FA8 \u1FA1\u1FA9 \u1FA2\u1FAA \u1FA3\u1FAB \u1FA4\u1FAC \u1FA5\u1FAD \u1FA6\u1FAE \u1FA7\u1FAF \u1FA8\u1FA8 "
        + "\u1FA9\u1FA9 \u1FAA\u1FAA \u1FAB\u1FAB \u1FAC\u1FAC \u1FAD\u1FAD \u1FAE\u1FAE \u1FAF\u1FAF \u1FB2\u1FBA\u0345 "
        + "\u1FB3\u1FBC \u1FB4\u0386\u0345 \u1FB6\u0391\u0342 \u1FB7\u0391\u0342\u0345 \u1FBC\u1FBC \u1FC2\u1FCA\u0345 "
        + "\u1FC3\u1FCC \u1FC4\u0389\u0345 \u1FC6\u0397\u0342 \u1FC7\u0397\u0342\u0345 \u1FCC\u1FCC \u1FD2\u0399\u0308\u0300 "
        + "\u1FD3\u0399\u0308\u0301 \u1FD6\u0399\u0342 \u1FD7\u0399\u0308\u0342 \u1FE2\u03A5\u0308\u0300 \u1FE3\u03A5\u0308\u0301 "
        + "\u1FE4\u03A1\u0313 \u1FE6\u03A5\u0342 \u1FE7\u03A5\u0308\u0342 \u1FF2\u1FFA\u0345 \u1FF3\u1FFC \u1FF4\u038F\u0345 "
        + "\u1FF6\u03A9\u0342 \u1FF7\u03A9\u0342\u0345 \u1FFC\u1FFC \uFB00Ff \uFB01Fi \uFB02Fl \uFB03Ffi \uFB04Ffl \uFB05St "
        + "\uFB06St \uFB13\u0544\u0576 \uFB14\u0544\u0565 \uFB15\u0544\u056B \uFB16\u054E\u0576 \uFB17\u0544\u056D \u0131I "
        + "\u017FS \u01C4\u01C5 \u01C5\u01C5 \u01C6\u01C5 \u01C7\u01C8 \u01C8\u01C8 \u01C9\u01C8 \u01CA\u01CB \u01CB\u01CB "
        + "\u01CC\u01CB \u01F1\u01F2 \u01F2\u01F2 \u01F3\u01F2");

    // Characters with case that are no letters of the categories Lu, Ll and Lt: first and last of each stretch.
    private static readonly (int First, int Last)[] s_otherCased =
    [
        (0xAA, 0xAA), (0xBA, 0xBA), (0x2B0, 0x2B8), (0x2C0, 0x2C1), (0x2E0, 0x2E4), (0x345, 0x345),
        (0x37A, 0x37A), (0x1D2C, 0x1D6A), (0x1D78, 0x1D78), (0x1D9B, 0x1DBF),
        (0x2071, 0x2071), (0x207F, 0x207F), (0x2090, 0x209C), (0x2160, 0x217F), (0x24B6, 0x24E9),
        (0x2C7C, 0x2C7D), (0xA69C, 0xA69D), (0xA770, 0xA770), (0xA7F8, 0xA7F9),
        (0xAB5C, 0xAB5F), (0x10780, 0x10780), (0x10783, 0x10785), (0x10787, 0x107B0),
        (0x107B2, 0x107BA), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189),
    ];

    public static string Upper(string text)
    {
        var upper = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Append(upper, rune, s_upper, Rune.ToUpperInvariant(rune));
        }

        return upper.ToString();
    }

    public static string Lower(string text)
    {
        var lower = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            i += AppendLower(lower, text, i);
        }

        return lower.ToString();
    }

    /// <summary>The first character in title case, the others in lower case.</summary>
    public static string Capitalize(string text) => Title(text, (_, at) => at == 0);

    /// <summary>Title case after what has no case, lower case elsewhere.</summary>
    public static string Title(string text) => Title(text, (t, at) => at == 0 || !IsCased(Before(t, at)));

    /// <summary>Upper case at the start and after blanks, hyphens and opening brackets (the filter, unlike the method).</summary>
    public static string TitleWords(string text)
    {
        var title = new StringBuilder(text.Length);
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            var separates = IsSpaceOrOpening(text[start]);
            while (end < text.Length && IsSpaceOrOpening(text[end]) == separates)
            {
                end++;
            }

            var word = text[start..end];
            var first = RuneAt(word, 0).Utf16SequenceLength;
            title.Append(Upper(word[..first])).Append(Lower(word[first..]));
            start = end;
        }

        return title.ToString();

        static bool IsSpaceOrOpening(char c) => JinjaLexer.IsSpace(c) || c is '-' or '(' or '{' or '[' or '<';
    }

    public static bool IsUpper(string text) =>
        HasOnly(text, r => IsLower(r) || Rune.GetUnicodeCategory(r) == UnicodeCategory.TitlecaseLetter);

    public static bool IsLower(string text) =>
        HasOnly(text, r => IsUpper(r) || Rune.GetUnicodeCategory(r) == UnicodeCategory.TitlecaseLetter);

    private static bool HasOnly(string text, Func<Rune, bool> excluded) =>
        text.EnumerateRunes().Any(IsCased) && !text.EnumerateRunes().Any(excluded);

    private static bool IsUpper(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter
        || rune.Value is >= 0x2160 and <= 0x216F or >= 0x24B6 and <= 0x24CF or >= 0x1F130 and <= 0x1F189;

    private static bool IsLower(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.LowercaseLetter
        || (IsCased(rune) && !IsUpper(rune) && Rune.GetUnicodeCategory(rune) != UnicodeCategory.TitlecaseLetter);

    private static string Title(string text, Func<string, int, bool> starts)
    {
        var title = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (!starts(text, i))
            {
                i += AppendLower(title, text, i);
                continue;
            }

            var rune = RuneAt(text, i);

            // Georgian letters have an upper case, in which no word begins.
            Append(title, rune, s_title, rune.Value is >= 0x10D0 and <= 0x10FF ? rune : Rune.ToUpperInvariant(rune));
            i += rune.Utf16SequenceLength;
        }

        return title.ToString();
    }

    private static int AppendLower(StringBuilder to, string text, int at)
    {
        var rune = RuneAt(text, at);
        switch (rune.Value)
        {
            case 0x130: to.Append("i\u0307"); break;
            case 0x3A3: to.Append(EndsAWord(text, at) ? '\u03C2' : '\u03C3'); break;
            default: to.Append(Rune.ToLowerInvariant(rune).ToString()); break;
        }

        return rune.Utf16SequenceLength;
    }

    /// <summary>Whether the letter stands behind one with case and before none, what is written between letters left aside.</summary>
    private static bool EndsAWord(string text, int at)
    {
        var before = at;
        while (before > 0 && IsIgnorable(Before(text, before)))
        {
            before -= Before(text, before).Utf16SequenceLength;
        }

        var after = at + 1;
        while (after < text.Length && IsIgnorable(RuneAt(text, after)))
        {
            after += RuneAt(text, after).Utf16SequenceLength;
        }

        return before > 0 && IsCased(Before(text, before)) && !(after < text.Length && IsCased(RuneAt(text, after)));
    }

    private static Rune Before(string text, int at) => RuneAt(text, at - (at > 1 && char.IsSurrogatePair(text, at - 2) ? 2 : 1));

    // Half a surrogate pair is one character here, the replacement character.
    private static Rune RuneAt(string text, int at)
    {
        _ = Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out _);
        return rune;
    }

    private static bool IsCased(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter
        or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || Array.Exists(s_otherCased, s => rune.Value >= s.First && rune.Value <= s.Last);

    private static bool IsIgnorable(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || rune.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019
            or 0x2024 or 0x2027 or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A;

    private static void Append(StringBuilder to, Rune rune, FrozenDictionary<char, string> special, Rune otherwise) =>
        to.Append(rune.IsBmp && special.TryGetValue((char)rune.Value, out var several) ? several : otherwise.ToString());

    private static FrozenDictionary<char, string> Table(string entries) =>
        entries.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenDictionary(e => e[0], e => e[1..]);
}
