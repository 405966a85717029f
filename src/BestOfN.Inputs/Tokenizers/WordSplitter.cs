using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using BestOfN.Inputs.Files;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Cuts a text into the words that byte-pair merging never crosses: each pattern in turn cuts what the one before left.</summary>
/// <remarks>
/// .NET patterns see UTF-16 units, in which a letter outside the basic plane is two surrogates and no letter. The patterns
/// therefore run over a text of one unit per scalar (<see cref="AstralStandIns"/>).
/// </remarks>
internal sealed class WordSplitter
{
    // Published patterns read ten million characters a second; the limit leaves a hundredfold for a busy machine.
    private const double SecondsPerCharacter = 1e-5;

    private readonly AstralStandIns _standIns = new();
    private readonly Regex[] _patterns;
    private readonly TimeSpan _timeLimit;

    /// <param name="patterns">Regular expressions of the vocabulary's file: they may be made to search without end.</param>
    /// <param name="timeLimit">For one match, and beside a time by its length for a whole text; by default ten seconds.</param>
    /// <exception cref="InvalidDataException">A pattern is none, or has a construct without an equal in .NET.</exception>
    public WordSplitter(IReadOnlyList<string> patterns, TimeSpan? timeLimit = null)
    {
        _timeLimit = timeLimit ?? TimeSpan.FromSeconds(10);
        foreach (var pattern in patterns)
        {
            OnigurumaPattern.Collect(pattern, _standIns);
        }

        _patterns = [.. patterns.Select(
            p => new Regex(OnigurumaPattern.Translate(p, _standIns), RegexOptions.CultureInvariant | RegexOptions.Compiled, _timeLimit))];
    }

    /// <exception cref="InvalidDataException">The patterns take too long over the text.</exception>
    public List<(int Start, int Length)> Split(string text)
    {
        try
        {
            return Cut(text);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidDataException(
                $"the tokenizer's pattern {Printable.Text(e.Pattern)} takes too long over a text of {text.Length} characters", e);
        }
    }

    private List<(int Start, int Length)> Cut(string text)
    {
        var started = Stopwatch.GetTimestamp();
        var limit = _timeLimit + TimeSpan.FromSeconds(text.Length * SecondsPerCharacter);
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
                    if (Stopwatch.GetElapsedTime(started) > limit)
                    {
                        throw new RegexMatchTimeoutException(text, pattern.ToString(), limit);
                    }
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

    private (string Text, List<int>? Offsets) StandIn(string text)
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
            standIn.Append(rune.IsBmp ? (char)rune.Value : _standIns.Of(rune));
            offsets.Add(offset);
            offset += rune.Utf16SequenceLength;
        }

        offsets.Add(offset);
        return (standIn.ToString(), offsets);
    }
}
