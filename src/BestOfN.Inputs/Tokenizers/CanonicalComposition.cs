using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Unicode normalisation form C.</summary>
/// <remarks>
/// The runtime's own <c>string.Normalize</c> returns its input unchanged under invariant globalisation, which the product
/// runs with so that it needs no ICU. Algorithm: Unicode Standard Annex 15.
/// </remarks>
internal static class CanonicalComposition
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Trails = 28;

    private static readonly Lazy<Tables> s_tables = new(Tables.Load);

    public static string Compose(string text)
    {
        text = Scalars.Only(text);
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
        {
            return text; // no combining marks: already composed
        }

        var tables = s_tables.Value;
        var scalars = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, tables, scalars);
        }

        Order(scalars, tables);
        ComposeInPlace(scalars, tables);

        var composed = new StringBuilder(text.Length);
        Span<char> units = stackalloc char[2];
        foreach (var scalar in scalars)
        {
            composed.Append(units[..new Rune(scalar).EncodeToUtf16(units)]);
        }

        return composed.ToString();
    }

    private static void Decompose(int scalar, Tables tables, List<int> to)
    {
        if (scalar is >= SyllableBase and < SyllableBase + Leads * Vowels * Trails)
        {
            var index = scalar - SyllableBase;
            to.Add(LeadBase + index / (Vowels * Trails));
            to.Add(VowelBase + index / Trails % Vowels);
            if (index % Trails > 0)
            {
                to.Add(TrailBase + index % Trails);
            }
        }
        else if (tables.Decompositions.TryGetValue(scalar, out var parts))
        {
            Decompose(parts.First, tables, to);
            if (parts.Second > 0)
            {
                Decompose(parts.Second, tables, to);
            }
        }
        else
        {
            to.Add(scalar);
        }
    }

    /// <summary>Sorts every run of combining marks by class, stably.</summary>
    private static void Order(List<int> scalars, Tables tables)
    {
        for (var start = 0; start < scalars.Count; start++)
        {
            if (tables.ClassOf(scalars[start]) == 0)
            {
                continue;
            }

            var end = start + 1;
            while (end < scalars.Count && tables.ClassOf(scalars[end]) > 0)
            {
                end++;
            }

            var ordered = scalars.GetRange(start, end - start).OrderBy(tables.ClassOf).ToList();
            for (var i = 0; i < ordered.Count; i++)
            {
                scalars[start + i] = ordered[i];
            }

            start = end;
        }
    }

    private static void ComposeInPlace(List<int> scalars, Tables tables)
    {
        var (starter, kept, previousClass) = (-1, 0, 0);
        foreach (var scalar in scalars.ToArray())
        {
            var combiningClass = tables.ClassOf(scalar);
            // Blocked unless directly after the starter or after marks of a lower class only.
            var adjacent = starter >= 0 && kept == starter + 1;
            if (starter >= 0 && (adjacent || previousClass < combiningClass) && Pair(scalars[starter], scalar, tables) is { } composite)
            {
                scalars[starter] = composite;
                continue;
            }

            if (combiningClass == 0)
            {
                starter = kept;
            }

            previousClass = combiningClass;
            scalars[kept++] = scalar;
        }

        scalars.RemoveRange(kept, scalars.Count - kept);
    }

    private static int? Pair(int first, int second, Tables tables)
    {
        if (first is >= LeadBase and < LeadBase + Leads && second is >= VowelBase and < VowelBase + Vowels)
        {
            return SyllableBase + ((first - LeadBase) * Vowels + second - VowelBase) * Trails;
        }

        if (first is >= SyllableBase and < SyllableBase + Leads * Vowels * Trails && (first - SyllableBase) % Trails == 0
            && second is > TrailBase and < TrailBase + Trails)
        {
            return first + second - TrailBase;
        }

        return tables.Compositions.TryGetValue((first, second), out var composite) ? composite : null;
    }

    private sealed class Tables
    {
        private readonly Dictionary<int, byte> _classes = [];

        public Dictionary<int, (int First, int Second)> Decompositions { get; } = [];

        public Dictionary<(int First, int Second), int> Compositions { get; } = [];

        public int ClassOf(int scalar) => _classes.GetValueOrDefault(scalar);

        public static Tables Load()
        {
            var type = typeof(CanonicalComposition);
            using var reader = new StreamReader(type.Assembly.GetManifestResourceStream($"{type.FullName}.txt")!);
            var tables = new Tables();
            while (reader.ReadLine() is { } line)
            {
                if (line[0] == '#')
                {
                    continue;
                }

                var fields = line.Split(' ');
                var numbers = fields.Skip(1).Select(f => int.Parse(f, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
                if (fields[0] == "c")
                {
                    for (var scalar = numbers[0]; scalar <= numbers[1]; scalar++)
                    {
                        tables._classes[scalar] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                    }

                    continue;
                }

                tables.Decompositions[numbers[0]] = (numbers[1], numbers.Length > 2 ? numbers[2] : 0);
                if (fields[0] == "p")
                {
                    tables.Compositions[(numbers[1], numbers[2])] = numbers[0];
                }
            }

            return tables;
        }
    }
}
