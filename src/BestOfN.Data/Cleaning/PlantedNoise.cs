using BestOfN.Data.Sampling;

namespace BestOfN.Data.Cleaning;

/// <summary>Spoils a record in a known way, to see whether its score falls.</summary>
internal static class PlantedNoise
{
    private static readonly string[] s_kinds = ["swapped_image", "swapped_answer", "cut_answer", "shuffled_answer"];

    /// <param name="record">A record with an answer.</param>
    /// <param name="others">Other records of its source.</param>
    /// <param name="random">Decides the kind.</param>
    /// <returns>The kind, and the record with its first answer or its images spoiled; null where no kind of noise fits.</returns>
    public static (string Kind, CorpusRecord Record)? Spoil(CorpusRecord record, IReadOnlyCollection<CorpusRecord> others,
        SplitMix64 random)
    {
        var first = random.Below(s_kinds.Length);
        for (var i = 0; i < s_kinds.Length; i++)
        {
            var kind = s_kinds[(first + i) % s_kinds.Length];
            if (Spoil(kind, record, others, random) is { } spoiled)
            {
                return (kind, spoiled);
            }
        }

        return null;
    }

    private static CorpusRecord? Spoil(string kind, CorpusRecord record, IEnumerable<CorpusRecord> others, SplitMix64 random)
    {
        if (kind == "swapped_image")
        {
            return record.Images.Count == 0 ? null
                : others.FirstOrDefault(other => other.Images.Count == record.Images.Count && other.Images[0].Name != record.Images[0].Name)
                    is { } shown ? record with { Images = shown.Images } : null;
        }

        var place = record.Judged.First();
        var answer = record.Turns[place].Text;
        var spoiled = kind switch
        {
            "swapped_answer" => others.Select(other => other.Turns[other.Judged.First()].Text).FirstOrDefault(text => text != answer),
            "cut_answer" => Cut(answer),
            _ => Shuffled(answer, random),
        };
        return string.IsNullOrWhiteSpace(spoiled) || spoiled == answer ? null
            : record with { Turns = [.. record.Turns.Select((turn, i) => i == place ? turn with { Text = spoiled } : turn)] };
    }

    // The first half of the words, or of the characters where there is one word.
    private static string Cut(string answer)
    {
        var words = answer.Split(' ');
        return words.Length > 1 ? string.Join(' ', words[..(words.Length / 2)]) : answer[..(answer.Length / 2)];
    }

    private static string Shuffled(string answer, SplitMix64 random)
    {
        var words = answer.Split(' ');
        if (words.Length > 1)
        {
            random.Shuffle<string>(words);
            return string.Join(' ', words);
        }

        var letters = answer.ToCharArray();
        random.Shuffle<char>(letters);
        return new string(letters);
    }
}
