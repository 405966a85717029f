using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;

namespace BestOfN.Benchmarks.Cleaning;

/// <summary>Problems of the pocket worlds with their answers in LLaVA's format, and noise of known kinds among them.</summary>
/// <remarks>Writes data.json with the noise, clean.json without it, images, and planted.jsonl, which tells what was planted
/// where.</remarks>
internal static class PocketCorpus
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static int Write(PocketCorpusOptions options)
    {
        var images = Directory.CreateDirectory(Path.Combine(options.Output, "images")).FullName;
        var problems = Problems(options);
        var noise = Plant(problems, options, out var partners);
        var (data, clean, planted) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        for (var i = 0; i < problems.Length; i++)
        {
            var (problem, partner) = (problems[i], partners[i]);
            var name = problem.Pictures.Count > 0 ? $"images/{i:D6}.png" : null;
            if (name is not null && noise[i] != CorpusNoise.MissingImage)
            {
                var file = ((ImagePart)problem.ToPrompt().Messages[0].Parts[0]).Content.ToArray();
                File.WriteAllBytes(
                    Path.Combine(images, $"{i:D6}.png"), noise[i] == CorpusNoise.BrokenImage ? file[..(file.Length * 2 / 3)] : file);
            }

            var (shown, answer, asked) = noise[i] switch
            {
                CorpusNoise.SwappedImage => ($"images/{partner:D6}.png", problem.Solution, problem),
                CorpusNoise.SwappedAnswer => (name, problems[partner].Solution, problem),
                CorpusNoise.CutAnswer => (name, Cut(problem), problem),
                CorpusNoise.ShuffledAnswer => (name, Shuffled(problem, i)!, problem),
                CorpusNoise.Duplicate =>
                    (problems[partner].Pictures.Count > 0 ? $"images/{partner:D6}.png" : null, problems[partner].Solution,
                        problems[partner]),
                _ => (name, problem.Solution, problem),
            };
            Append(data, i, asked, shown, answer);
            if (noise[i] is not (CorpusNoise.Duplicate or CorpusNoise.MissingImage or CorpusNoise.BrokenImage))
            {
                Append(clean, i, problem, name, problem.Solution);
            }

            if (noise[i] != CorpusNoise.None)
            {
                var kind = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{noise[i]}");
                planted.Append(Invariant($"{{\"record\": {i}, \"noise\": \"{kind}\"}}\n"));
            }
        }

        File.WriteAllText(Path.Combine(options.Output, "data.json"), $"[\n{data}\n]\n");
        File.WriteAllText(Path.Combine(options.Output, "clean.json"), $"[\n{clean}\n]\n");
        File.WriteAllText(Path.Combine(options.Output, "planted.jsonl"), planted.ToString());
        Console.WriteLine(Invariant($"{options.Output}: {problems.Length} records, {noise.Count(n => n != CorpusNoise.None)} with noise"));
        return 0;
    }

    // Problems that say the same are drawn once: what is a duplicate must be planted.
    private static Problem[] Problems(PocketCorpusOptions options)
    {
        var worlds = options.Worlds.Select(PocketWorlds.Of).ToArray();
        var (problems, seen) = (new List<Problem>(), new HashSet<string>());
        for (var i = 0L; problems.Count < options.Records; i++)
        {
            var problem = worlds[(int)(i % worlds.Length)].Draw(options.Seed, i, Split.Training);
            if (seen.Add(problem.Content))
            {
                problems.Add(problem);
            }
        }

        return [.. problems];
    }

    private static CorpusNoise[] Plant(Problem[] problems, PocketCorpusOptions options, out int[] partners)
    {
        var random = new SplitMix64(options.Seed, 17);
        var noise = new CorpusNoise[problems.Length];
        partners = new int[problems.Length];
        var order = Enumerable.Range(0, problems.Length).ToArray();
        random.Shuffle<int>(order);
        foreach (var kind in options.Kinds)
        {
            var left = (int)(options.Noise * problems.Length);
            foreach (var i in order.Where(i => noise[i] == CorpusNoise.None).ToArray())
            {
                if (left == 0)
                {
                    break;
                }

                var partner = Partner(kind, i, problems, noise, random);
                if (partner >= 0)
                {
                    (noise[i], partners[i]) = (kind, partner);
                    left--;
                }
            }
        }

        // What a record borrows must stay as it is.
        for (var i = 0; i < noise.Length; i++)
        {
            var needsPartner = noise[i] is CorpusNoise.SwappedImage or CorpusNoise.Duplicate;
            noise[i] = needsPartner && noise[partners[i]] != CorpusNoise.None ? CorpusNoise.None : noise[i];
        }

        return noise;
    }

    // -1: this record cannot have noise of this kind.
    private static int Partner(CorpusNoise kind, int record, Problem[] problems, CorpusNoise[] noise, SplitMix64 random)
    {
        var problem = problems[record];
        switch (kind)
        {
            case CorpusNoise.MissingImage or CorpusNoise.BrokenImage:
                return problem.Pictures.Count > 0 ? record : -1;
            case CorpusNoise.CutAnswer:
                return problem.Solution.Length > 1 && !problem.IsCorrect(Cut(problem)) ? record : -1;
            case CorpusNoise.ShuffledAnswer:
                return Shuffled(problem, record) is not null ? record : -1;
        }

        for (var attempt = 0; attempt < 100; attempt++)
        {
            var other = random.Below(kind == CorpusNoise.Duplicate ? Math.Max(1, record) : problems.Length);
            var isFree = other != record && noise[other] == CorpusNoise.None;
            if (isFree && (kind == CorpusNoise.Duplicate
                || (problems[other].Family == problem.Family
                    && (kind == CorpusNoise.SwappedAnswer ? !problem.IsCorrect(problems[other].Solution)
                        : problem.Pictures.Count > 0 && AnswerIn(problem, problems[other]) != problem.Solution))))
            {
                return other;
            }
        }

        return -1;
    }

    // What the answer to a question would be for another image; null: it shows nothing that is asked for.
    private static string? AnswerIn(Problem asked, Problem shown) => (asked, shown) switch
    {
        (CountingProblem a, CountingProblem s) => Number(a.Cards, s.Cards),
        (ReadingProblem a, ReadingProblem s) => Number(a.Cards, s.Cards),
        (PositionProblem a, PositionProblem s) =>
            s.Fields.Where(field => field.Symbol == a.Fields[0].Symbol).Select(field => $"{(char)('A' + field.Label)}").FirstOrDefault(),
        _ => null,
    };

    private static string? Number(Cards asked, Cards shown) =>
        shown.Colours.Zip(shown.Numbers).Where(card => card.First.Name == asked.AskedColour.Name).Select(card => $"{card.Second}")
            .FirstOrDefault();

    private static string Cut(Problem problem) => problem.Solution[..(problem.Solution.Length / 2)];

    private static string? Shuffled(Problem problem, int record)
    {
        var random = new SplitMix64((ulong)record, 19);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var letters = problem.Solution.ToCharArray();
            random.Shuffle<char>(letters);
            if (!problem.IsCorrect(new string(letters)))
            {
                return new string(letters);
            }
        }

        return null;
    }

    private static void Append(StringBuilder text, int id, Problem problem, string? image, string answer)
    {
        object[] turns =
        [
            new { from = "human", value = image is null ? problem.Question : $"<image>\n{problem.Question}" },
            new { from = "gpt", value = answer },
        ];
        var source = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{problem.Family}");
        object record = image is null ? new { id = $"r{id}", source, conversations = turns }
            : new { id = $"r{id}", source, image, conversations = turns };
        text.Append(text.Length > 0 ? ",\n" : "").Append(JsonSerializer.Serialize(record, s_json));
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
