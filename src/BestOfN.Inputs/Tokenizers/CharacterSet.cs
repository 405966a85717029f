using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>A set of characters as patterns write them.</summary>
internal abstract record CharacterSet
{
    // In the order of UnicodeCategory; above the fields that are made of it.
    private static readonly string[] s_short =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc",
        "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static readonly (string Name, uint Mask)[] s_groups =
    [
        ("L", Mask("Lu", "Ll", "Lt", "Lm", "Lo")), ("M", Mask("Mn", "Mc", "Me")),
        ("N", Mask("Nd", "Nl", "No")), ("Z", Mask("Zs", "Zl", "Zp")),
        ("P", Mask("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po")), ("S", Mask("Sm", "Sc", "Sk", "So")),
        ("C", Mask("Cc", "Cf", "Cs", "Co", "Cn")),
    ];

    public static readonly CharacterSet Digit = new OfCategories(Mask("Nd"));

    public static readonly CharacterSet Space = new AnyOf(
        [new Between(9, 13), new Between(0x85, 0x85), new OfCategories(Mask("Zs", "Zl", "Zp"))]);

    public static readonly CharacterSet HexDigit = new AnyOf([new Between('0', '9'), new Between('a', 'f'), new Between('A', 'F')]);

    public static readonly CharacterSet NoLineFeed = new Not(new Between('\n', '\n'));

    // Unicode 15.1, Scripts.txt.
    public static readonly CharacterSet Han = new AnyOf(
    [
        new Between(0x2E80, 0x2E99), new Between(0x2E9B, 0x2EF3), new Between(0x2F00, 0x2FD5),
        new Between(0x3005, 0x3005), new Between(0x3007, 0x3007),
        new Between(0x3021, 0x3029), new Between(0x3038, 0x303B), new Between(0x3400, 0x4DBF),
        new Between(0x4E00, 0x9FFF), new Between(0xF900, 0xFA6D),
        new Between(0xFA70, 0xFAD9), new Between(0x16FE2, 0x16FE3), new Between(0x16FF0, 0x16FF1),
        new Between(0x20000, 0x2A6DF), new Between(0x2A700, 0x2B739),
        new Between(0x2B740, 0x2B81D), new Between(0x2B820, 0x2CEA1), new Between(0x2CEB0, 0x2EBE0),
        new Between(0x2EBF0, 0x2EE5D), new Between(0x2F800, 0x2FA1D),
        new Between(0x30000, 0x3134A), new Between(0x31350, 0x323AF),
    ]);

    public abstract bool Has(int character, UnicodeCategory category);

    /// <summary>All ranges in it.</summary>
    public abstract IEnumerable<(int First, int Last)> Ranges();

    /// <summary>The set of general categories of that name, short or long; null where there is no such category.</summary>
    public static CharacterSet? Category(string name) =>
        LongName(name) is { } found && MaskOf(found) is not 0 and var mask ? new OfCategories(mask) : null;

    /// <summary>The set in the language of .NET, over text in which units stand for the characters above U+FFFF.</summary>
    public string ToPattern(AstralStandIns standIns)
    {
        var (parts, negated) = this is Not not ? (not.Set, true) : (this, false);
        CharacterSet[] items = parts is AnyOf any ? [.. any.Sets] : [parts];
        var text = new StringBuilder(negated ? "[^" : "[");
        if (items.Length > 0 && items.All(i => i is Between or OfCategories { HasSurrogates: false }))
        {
            foreach (var item in items)
            {
                item.WriteBasic(text);
            }

            // Those categories have no characters above U+FFFF.
            Write(text, standIns.All()
                .Where(u => u.Category is not (UnicodeCategory.SpaceSeparator
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.TitlecaseLetter)
                    && parts.Has(u.Character, u.Category)).Select(u => (int)u.Unit));
            return text.Append(']').ToString();
        }

        var members = Enumerable.Range(0, 0x10000)
            .Where(c => !char.IsSurrogate((char)c) && Has(c, CharUnicodeInfo.GetUnicodeCategory((char)c)))
            .Concat(standIns.All().Where(u => Has(u.Character, u.Category)).Select(u => (int)u.Unit)).Order().ToArray();
        if (members.Length == 0)
        {
            return "(?!)";
        }

        text.Clear().Append('[');
        Write(text, members);
        return text.Append(']').ToString();
    }

    protected virtual void WriteBasic(StringBuilder to) => throw new InvalidOperationException(GetType().Name);

    private static void Write(StringBuilder to, IEnumerable<int> units)
    {
        (int First, int Last)? run = null;
        foreach (var unit in units)
        {
            if (run is { } open && unit == open.Last + 1)
            {
                run = (open.First, unit);
                continue;
            }

            Flush();
            run = (unit, unit);
        }

        Flush();

        void Flush()
        {
            if (run is { } r)
            {
                to.Append(CultureInfo.InvariantCulture, $"\\u{r.First:X4}-\\u{r.Last:X4}");
            }
        }
    }

    private static uint Mask(params ReadOnlySpan<string> names)
    {
        uint mask = 0;
        foreach (var name in names)
        {
            mask |= 1u << Array.IndexOf(s_short, name);
        }

        return mask;
    }

    private static uint MaskOf(string name) => name == "Any" ? (1u << s_short.Length) - 1
        : Array.Find(s_groups, g => g.Name == name) is { Name: not null } group ? group.Mask
        : name == "LC" ? Mask("Lu", "Ll", "Lt")
        : Array.IndexOf(s_short, name) is >= 0 and var i ? 1u << i : 0;

    // Names are compared without case, blanks, hyphens and underscores.
    private static string? LongName(string name)
    {
        var plain = string.Concat(name.Where(c => c is not (' ' or '-' or '_'))).ToLowerInvariant();
        return plain switch
        {
            "any" => "Any",
            "letter" => "L",
            "mark" => "M",
            "number" => "N",
            "punctuation" => "P",
            "symbol" => "S",
            "separator" => "Z",
            "other" => "C",
            "lc" or "casedletter" => "LC",
            "uppercaseletter" => "Lu",
            "lowercaseletter" => "Ll",
            "titlecaseletter" => "Lt",
            "modifierletter" => "Lm",
            "otherletter" => "Lo",
            "nonspacingmark" => "Mn",
            "spacingmark" => "Mc",
            "enclosingmark" => "Me",
            "decimalnumber" => "Nd",
            "letternumber" => "Nl",
            "othernumber" => "No",
            "spaceseparator" => "Zs",
            "lineseparator" => "Zl",
            "paragraphseparator" => "Zp",
            _ => s_short.Concat(s_groups.Select(g => g.Name)).FirstOrDefault(s => s.Equals(plain, StringComparison.OrdinalIgnoreCase)),
        };
    }

    /// <summary>A range, both ends included.</summary>
    public sealed record Between(int First, int Last) : CharacterSet
    {
        public override bool Has(int character, UnicodeCategory category) => character >= First && character <= Last;

        public override IEnumerable<(int First, int Last)> Ranges() => [(First, Last)];

        // Surrogates stand for something else.
        protected override void WriteBasic(StringBuilder to)
        {
            Part(First, Math.Min(Last, 0xD7FF));
            Part(Math.Max(First, 0xE000), Math.Min(Last, 0xFFFF));

            void Part(int first, int last)
            {
                if (first <= last)
                {
                    to.Append(CultureInfo.InvariantCulture, $"\\u{first:X4}-\\u{last:X4}");
                }
            }
        }
    }

    /// <summary>General categories, a bit for each.</summary>
    public sealed record OfCategories(uint Categories) : CharacterSet
    {
        public bool HasSurrogates => (Categories & Mask("Cs")) != 0;

        public override bool Has(int character, UnicodeCategory category) => (Categories & (1u << (int)category)) != 0;

        public override IEnumerable<(int First, int Last)> Ranges() => [];

        protected override void WriteBasic(StringBuilder to)
        {
            var rest = Categories;
            foreach (var (name, mask) in s_groups.Where(g => (rest & g.Mask) == g.Mask))
            {
                to.Append(CultureInfo.InvariantCulture, $"\\p{{{name}}}");
                rest &= ~mask;
            }

            for (var i = 0; i < s_short.Length; i++)
            {
                if ((rest & (1u << i)) != 0)
                {
                    to.Append(CultureInfo.InvariantCulture, $"\\p{{{s_short[i]}}}");
                }
            }
        }
    }

    public sealed record Not(CharacterSet Set) : CharacterSet
    {
        public override bool Has(int character, UnicodeCategory category) => !Set.Has(character, category);

        public override IEnumerable<(int First, int Last)> Ranges() => Set.Ranges();
    }

    public sealed record AnyOf(IReadOnlyList<CharacterSet> Sets) : CharacterSet
    {
        public override bool Has(int character, UnicodeCategory category) => Sets.Any(s => s.Has(character, category));

        public override IEnumerable<(int First, int Last)> Ranges() => Sets.SelectMany(s => s.Ranges());
    }

    public sealed record AllOf(IReadOnlyList<CharacterSet> Sets) : CharacterSet
    {
        public override bool Has(int character, UnicodeCategory category) => Sets.All(s => s.Has(character, category));

        public override IEnumerable<(int First, int Last)> Ranges() => Sets.SelectMany(s => s.Ranges());
    }
}
