using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Data.Cleaning;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Cleaning;

/// <summary>Checks beyond low scores: images that do not matter, planted noise, cutting at a low answer, near duplicates.</summary>
public sealed class CorpusNoiseTests : IDisposable
{
    // A PNG of one red pixel.
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
    private const int Records = 40;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_answer_that_is_no_better_with_its_own_image_is_told()
    {
        // The answer names the image; that of record 30 names another one, and that of record 31 only scores low.
        var lines = Enumerable.Range(0, Records).Select(i =>
            Llava($"{i}.png", $"Which is number {i}?", i == 30 ? "image 7.png" : $"image {i}.png"));
        await ScoreAsync(lines, new CleaningOptions { Grounding = 2, MaxDrop = 0.5 }, (prompt, answer) =>
            (answer.Contains("31.png", StringComparison.Ordinal) ? -90 : 0)
                + (answer == $"image {Shown(prompt)}" ? 5 + (answer.Length % 3) : 0));
        Assert.Equal(
            ["30 low_reward irrelevant_image", "31 low_reward"],
            Rows("dropped.jsonl").Select(row =>
                $"{row.GetProperty("record")} {string.Join(' ', row.GetProperty("reasons").EnumerateArray())}"));
        Assert.Equal(0, Rows("dropped.jsonl")[0].GetProperty("grounding").GetDouble());
        Assert.True(Rows("dropped.jsonl")[1].GetProperty("grounding").GetDouble() > 0);
    }

    [Fact]
    public async Task Planted_noise_is_scored_beside_the_records_and_found()
    {
        var answers = Enumerable.Range(0, Records).ToDictionary(i => $"{i}?", i => $"the answer is {i} indeed");
        await ScoreAsync(
            answers.Select(a => Text(a.Key, a.Value)), new CleaningOptions { Plant = 1 },
            (prompt, answer) => answer == answers[prompt.Messages[^1].Text] ? 5 : -50);
        Assert.Equal(0, Report().GetProperty("dropped").GetInt32());
        var planted = Report().GetProperty("planted").EnumerateObject().ToArray();
        Assert.Equal(["cut_answer", "shuffled_answer", "swapped_answer"], planted.Select(kind => kind.Name));
        Assert.Equal(Records, planted.Sum(kind => kind.Value.GetProperty("records").GetInt32()));
        Assert.All(planted, kind => Assert.Equal(kind.Value.GetProperty("records").GetInt32(), kind.Value.GetProperty("found").GetInt32()));
    }

    [Fact]
    public async Task Noise_is_planted_in_records_that_were_scored_before()
    {
        var lines = Enumerable.Range(0, Records).Select(i => Text($"{i}?", $"it is {i}")).ToArray();
        await ScoreAsync(lines, new CleaningOptions(), (_, _) => 1);
        await ScoreAsync(lines, new CleaningOptions { Plant = 1 }, (_, _) => 1);
        Assert.Equal(2 * Records, Rows("scores.jsonl", "").Count);
        await ScoreAsync(lines, new CleaningOptions { Plant = 1 }, (_, _) => throw new InvalidOperationException("scored again"));
    }

    [Fact]
    public async Task A_record_is_cut_before_its_first_low_answer_and_the_rest_of_its_bytes_stays()
    {
        const string Low = "low";
        var lines = Enumerable.Range(0, Records).Select(i => Turns(i, "good", i == 5 ? Low : "fine")).Append(Turns(Records, Low, "fine"));
        await ScoreAsync(lines, new CleaningOptions { Turns = "truncate" }, (_, answer) => answer == Low ? -50 : answer.Length % 3);
        var kept = File.ReadAllLines(Out("kept", "data.jsonl"));
        Assert.Equal(Records, kept.Length);
        Assert.Equal(
            """{"n": 5.50, "conversations" : [ {"from": "human", "value": "5?"} , {"from": "gpt", "value": "good"} ], "z": [1,2]}""",
                kept[5]);
        Assert.Equal(Turns(6, "good", "fine"), kept[6]);
        Assert.Equal("""{"record": 5, "answers": 1, "edited": true}""", File.ReadAllText(Out("edited.jsonl")).Trim());
        Assert.Equal(Records, Rows("dropped.jsonl").Single().GetProperty("record").GetInt32());
        Assert.Equal((1, Records), (Report().GetProperty("edited").GetInt32(), Report().GetProperty("kept").GetInt32()));
    }

    [Fact]
    public async Task Nearly_equal_records_are_dropped_where_that_is_wanted()
    {
        var text = string.Join(' ', Enumerable.Range(0, 200).Select(i => $"word{i}"));
        string[] lines = [Text("What?", text), Text("What?", text + " more"), Text("What?", string.Join(' ', text.Split(' ').Reverse()))];
        await ScoreAsync(lines, new CleaningOptions(), (_, _) => 1);
        Assert.Equal(0, Report().GetProperty("dropped").GetInt32());
        await ScoreAsync(lines, new CleaningOptions { NearDuplicates = true }, (_, _) => 1);
        var dropped = Rows("dropped.jsonl").Single();
        Assert.Equal((1, 0), (dropped.GetProperty("record").GetInt32(), dropped.GetProperty("duplicate_of").GetInt32()));
        Assert.Equal("near_duplicate", dropped.GetProperty("reasons")[0].GetString());
    }

    private async Task ScoreAsync(IEnumerable<string> lines, CleaningOptions options, Func<Prompt, string, double> score)
    {
        var data = Path.Combine(_folder.Path, "data.jsonl");
        File.WriteAllLines(data, lines);
        var corpus = Corpus.Open([data], options);
        var index = CorpusIndex.Of(corpus, Shard.Whole, null, TestContext.Current.CancellationToken);
        var scores = Path.Combine(_folder.Path, "scores.jsonl");
        await new CorpusScoring(new Judge(score), "one").RunAsync(
            corpus, index, scores, Shard.Whole, null, null, TestContext.Current.CancellationToken);
        CorpusCleaning.Decide(corpus, index, [scores], Out(), new CleaningRun("test"), null, TestContext.Current.CancellationToken);
    }

    private string Llava(string image, string question, string answer)
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, image), Convert.FromBase64String(Pixel));
        return JsonSerializer.Serialize(
            new { image, conversations = new[] { new { from = "human", value = question }, new { from = "gpt", value = answer } } });
    }

    private static string Text(string question, string answer) => JsonSerializer.Serialize(
        new { conversations = new[] { new { from = "human", value = question }, new { from = "gpt", value = answer } } });

    private static string Turns(int number, string first, string second) =>
        $$"""{"n": {{number}}.50, "conversations" : [ {"from": "human", "value": "{{number}}?"} , {"from": "gpt", "value": "{{first}}"}"""
        + $$""",{"from": "human", "value": "more"}, {"from": "gpt", "value": "{{second}}"} ], "z": [1,2]}""";

    private static string? Shown(Prompt prompt) =>
        prompt.Messages.SelectMany(message => message.Parts).OfType<ImagePart>().Select(image => image.Source).FirstOrDefault();

    private string Out(params string[] parts) => Path.Combine([_folder.Path, "out", .. parts]);

    private List<JsonElement> Rows(string name, string folder = "out") =>
        [.. File.ReadLines(Path.Combine(_folder.Path, folder, name)).Select(line => JsonElement.Parse(line))];

    private JsonElement Report() => JsonElement.Parse(File.ReadAllBytes(Out("report.json")));

    private sealed class Judge(Func<Prompt, string, double> score) : IRewardModel
    {
        public string Name => "judge";

        public bool AcceptsPictures => true;

        public IScoringSession Begin(Prompt prompt) => new Session(prompt, score);

        private sealed class Session(Prompt prompt, Func<Prompt, string, double> score) : IScoringSession
        {
            public Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken) =>
                Task.FromResult<IReadOnlyList<CandidateScore?>>(
                    [.. answers.Select(answer => (CandidateScore?)new CandidateScore(score(prompt, answer.Text)))]);

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
