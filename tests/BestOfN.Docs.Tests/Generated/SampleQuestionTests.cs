using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using BestOfN.Core.Prompts;
using BestOfN.Data.Worlds;

namespace BestOfN.Docs.Tests.Generated;

/// <summary>The page's sample questions are problems of the pocket worlds, with every answer that the worlds' checker accepts.</summary>
public sealed partial class SampleQuestionTests
{
    private const string Switch = "BESTOFN_WRITE_DOCS";
    private const string File = "src/BestOfN.Gateway/Page/Files/samples.json";
    private const int MostLetters = 8;
    private const int BoardSide = 4;
    private const ulong Seed = 2718;
    private const int PerFamily = 3;

    // From here on the first question of each family is one that the pocket models can solve with 16 candidates.
    private const int First = 10;

    private static readonly JsonSerializerOptions s_format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public void Samples_are_held_out_problems_with_all_their_right_answers()
    {
        var expected = JsonSerializer.Serialize(Samples(), s_format) + "\n";
        var path = Repository.PathOf(File);
        if (Environment.GetEnvironmentVariable(Switch) is { Length: > 0 })
        {
            System.IO.File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, System.IO.File.ReadAllText(path));
    }

    private static IEnumerable<Dictionary<string, object>> Samples() =>
        from name in (string[])[PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video]
        let world = PocketWorlds.Of(name)
        from family in world.Families
        from index in Enumerable.Range(First, PerFamily)
        select Sample(name, world.Draw(Seed, index, Split.HeldOut, family));

    private static Dictionary<string, object> Sample(string world, Problem problem)
    {
        string[] answers = [.. PossibleAnswers(problem).Distinct().Where(problem.IsCorrect)];
        Assert.Contains(problem.Solution, answers);
        var sample = new Dictionary<string, object>
        {
            ["world"] = world,
            ["family"] = JsonNamingPolicy.KebabCaseLower.ConvertName($"{problem.Family}"),
            ["question"] = problem.Question,
            ["answers"] = answers,
        };
        foreach (var part in problem.ToPrompt().Messages[0].Parts)
        {
            if (part is ImagePart image)
            {
                sample["picture"] = $"data:image/png;base64,{Convert.ToBase64String(image.Content.Span)}";
            }
            else if (part is VideoPart video)
            {
                sample["video"] = $"data:image/gif;base64,{Convert.ToBase64String(video.Content.Span)}";
            }
        }

        return sample;
    }

    /// <summary>Every text of the form that the problem's answers have.</summary>
    private static IEnumerable<string> PossibleAnswers(Problem problem) => problem.Family switch
    {
        ProblemFamily.Pair or ProblemFamily.FrameSum =>
            from total in Number().Matches(problem.Question).Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture))
            from first in Enumerable.Range(0, total + 1)
            select $"{first}+{total - first}={total}",
        ProblemFamily.Route or ProblemFamily.Order => Sequences(
            [.. Letters().Matches(problem.Question).SelectMany(word => word.Value).Distinct().Select(letter => $"{letter}")],
            (_, _) => true,
            MostLetters),
        ProblemFamily.FrameOrder => Sequences(
            [.. from column in "ABCD" from row in Enumerable.Range(1, BoardSide) select $"{column}{row}"],
            AreNeighbours,
            problem.Frames!.Count),
        ProblemFamily.Position => "ABCDEFGH".Select(letter => $"{letter}"),
        _ => Enumerable.Range(0, 1000).Select(number => number.ToString(CultureInfo.InvariantCulture)),
    };

    private static IEnumerable<string> Sequences(string[] items, Func<string, string, bool> mayFollow, int most) =>
        items.SelectMany(item => Sequences(item, item, [.. items.Where(other => other != item)], mayFollow, most - 1));

    private static IEnumerable<string> Sequences(string text, string last, string[] left, Func<string, string, bool> mayFollow, int most) =>
        most == 0 ? [text]
        : left.Where(item => mayFollow(last, item))
            .SelectMany(item => Sequences(text + item, item, [.. left.Where(other => other != item)], mayFollow, most - 1))
            .Prepend(text);

    private static bool AreNeighbours(string cell, string other) =>
        Math.Abs(cell[0] - other[0]) <= 1 && Math.Abs(cell[1] - other[1]) <= 1;

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    [GeneratedRegex(@"\b[A-H]+\b")]
    private static partial Regex Letters();
}
