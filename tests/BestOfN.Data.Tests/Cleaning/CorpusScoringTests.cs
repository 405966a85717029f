using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Data.Cleaning;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Cleaning;

public sealed class CorpusScoringTests : IDisposable
{
    // A PNG of one red pixel.
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

    private readonly TemporaryFolder _folder = new();
    private readonly Judge _judge = new();

    private string Data => Path.Combine(_folder.Path, "data.jsonl");

    private string Scores => Path.Combine(_folder.Path, "scores.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_answer_is_scored_after_all_that_was_said_before_it()
    {
        Write("""{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}, """
            + """{"from": "human", "value": "c"}, {"from": "gpt", "value": "d"}]}""");
        await ScoreAsync();
        Assert.Equal(["user:a>b", "user:a assistant:b user:c>d"], _judge.Asked);
        Assert.Equal([0, 1], Rows().Select(row => row.GetProperty("turn").GetInt32()));
    }

    [Fact]
    public async Task Images_stand_where_their_placeholders_were_and_the_newline_beside_them_goes()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "a.png"), Convert.FromBase64String(Pixel));
        Write(
            """{"image": "a.png", "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, """
                + """{"from": "gpt", "value": "Red."}]}""",
            """{"image": "a.png", "conversations": [{"from": "human", "value": "What?"}, {"from": "gpt", "value": "Red."}]}""",
            """{"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, """
                + """{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "y"}]}, """
                + """{"role": "assistant", "content": "Red."}]}""");
        await ScoreAsync();
        Assert.Equal(["user:[image]What is it?>Red.", "user:[image]What?>Red.", "user:x[image]y>Red."], _judge.Asked);
    }

    [Fact]
    public async Task A_run_that_was_killed_goes_on_behind_the_lines_that_are_whole()
    {
        Write([.. Enumerable.Range(0, 5).Select(i => Pair($"question {i}", "answer"))]);
        await ScoreAsync();
        var whole = File.ReadAllText(Scores);
        var third = whole.Split('\n')[..3].Sum(line => line.Length + 1);
        File.WriteAllText(Scores, whole[..(third - 7)]);

        _judge.Asked.Clear();
        Assert.Equal((3, 2), await ScoreAsync());
        Assert.Equal(["user:question 2>answer", "user:question 3>answer", "user:question 4>answer"], _judge.Asked);
        Assert.Equal(whole, File.ReadAllText(Scores));
        Assert.Equal((0, 5), await ScoreAsync());
    }

    [Fact]
    public async Task Lines_of_another_judge_or_of_a_record_that_was_changed_do_not_count()
    {
        Write(Pair("a", "b"), Pair("c", "d"));
        await ScoreAsync();
        Assert.Equal((2, 0), await ScoreAsync(judge: "other"));
        Write(Pair("a", "b"), Pair("c", "D"));
        Assert.Equal((1, 1), await ScoreAsync());
        Assert.Equal(5, Rows().Count);
    }

    [Fact]
    public async Task Records_with_a_reason_are_not_scored_and_shards_part_the_others()
    {
        Write([Pair("same", "same"), Pair("same", "same"), Pair("empty", ""),
            .. Enumerable.Range(0, 20).Select(i => Pair($"question {i}", "answer"))]);
        var counts = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            counts.Add((await ScoreAsync(new Shard(i, 3))).Scored);
        }

        Assert.Equal(21, counts.Sum());
        Assert.All(counts, count => Assert.InRange(count, 1, 20));
        Assert.Equal(21, Rows().Select(row => row.GetProperty("record").GetInt32()).Distinct().Count());
    }

    [Fact]
    public async Task What_is_too_long_is_kept_and_what_fails_is_unscored()
    {
        Write(Pair("too long", "a"), Pair("failing", "b"), Pair("fine", "c"));
        await ScoreAsync();
        Assert.Equal(
            ["too_long", "broken", null], Rows().Select(row => row.TryGetProperty("error", out var error) ? error.GetString() : null));
        var corpus = Corpus.Open([Data], new CleaningOptions());
        var summary = CorpusCleaning.Decide(
            corpus, CorpusIndex.Of(corpus, Shard.Whole, null, TestContext.Current.CancellationToken), [Scores],
            Path.Combine(_folder.Path, "out"), new CleaningRun("test"), null, TestContext.Current.CancellationToken);
        Assert.Equal((3, 2, 1, 1), (summary.Records, summary.Kept, summary.Unscored, summary.TooLong));
    }

    private static string Pair(string question, string answer) => JsonSerializer.Serialize(
        new { conversations = new[] { new { from = "human", value = question }, new { from = "gpt", value = answer } } });

    private void Write(params string[] lines) => File.WriteAllLines(Data, lines);

    private List<JsonElement> Rows() => [.. File.ReadLines(Scores).Select(line => JsonElement.Parse(line))];

    private Task<(int Scored, int Kept)> ScoreAsync(Shard? shard = null, string judge = "one", CleaningOptions? options = null)
    {
        var corpus = Corpus.Open([Data], options ?? new CleaningOptions());
        var index = CorpusIndex.Of(corpus, shard ?? Shard.Whole, null, TestContext.Current.CancellationToken);
        return new CorpusScoring(_judge, judge, window: 1).RunAsync(
            corpus, index, Scores, shard ?? Shard.Whole, null, null, TestContext.Current.CancellationToken);
    }

    private sealed class Judge : IRewardModel
    {
        public string Name => "judge";

        public bool AcceptsPictures => true;

        public List<string> Asked { get; } = [];

        public IScoringSession Begin(Prompt prompt) => new Session(this, string.Join(' ', prompt.Messages.Select(
            m => $"{m.Role}:{string.Concat(m.Parts.Select(part => part is TextPart text ? text.Text : "[image]"))}")));

        private sealed class Session(Judge judge, string prompt) : IScoringSession
        {
            public Task<IReadOnlyList<CandidateScore?>> ScoreAsync(IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
            {
                judge.Asked.Add($"{prompt}>{answers[0].Text}");
                return prompt.Contains("failing", StringComparison.Ordinal) ? throw new ScoringFailedException("broken")
                    : Task.FromResult<IReadOnlyList<CandidateScore?>>(
                        [prompt.Contains("too long", StringComparison.Ordinal) ? null : new(prompt.Length)]);
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
