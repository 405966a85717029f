using System.Text.Json;
using BestOfN.Core.Rewards;
using BestOfN.Data.Benchmarks;
using BestOfN.Data.Records;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Benchmarks;

public sealed class BenchmarkScoringTests : IDisposable
{
    private const string Run = """{"judge":"one"}""";

    private readonly TemporaryFolder _folder = new();
    private readonly Judge _judge = new();

    private string Scores => Path.Combine(_folder.Path, "scores.jsonl");

    private string Partial => Scores + ".partial";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_that_was_killed_goes_on_behind_the_rows_that_are_whole()
    {
        var rows = Rows("a", "b", "c", "d");
        await BreakOffAsync(rows, after: 3);
        File.WriteAllText(Partial, File.ReadAllText(Partial)[..^10]);   // the end of the third row was never written

        _judge.Asked.Clear();
        var scored = await ScoreAsync(rows);
        Assert.Equal(["c", "d"], _judge.Asked);
        Assert.Equal([1, 2, 3, 4], scored.Select(row => row.WholeNumber("id")));
        Assert.Equal(4, File.ReadLines(Scores).Count());
        Assert.False(File.Exists(Partial));
    }

    [Fact]
    public async Task Rows_behind_one_that_was_changed_are_scored_again()
    {
        await BreakOffAsync(Rows("a", "b", "c", "d"), after: 3);
        _judge.Asked.Clear();
        await ScoreAsync(Rows("a", "B", "c", "d"));
        Assert.Equal(["B", "c", "d"], _judge.Asked);
    }

    [Fact]
    public async Task A_score_file_of_another_run_is_refused_or_replaced()
    {
        await BreakOffAsync(Rows("a", "b"), after: 1);
        var e = Assert.Throws<InvalidDataException>(() => ResumableLines.Open(Scores, """{"judge":"two"}""", replaces: false));
        Assert.Contains("belongs to another run", e.Message, StringComparison.Ordinal);
        using var replaced = ResumableLines.Open(Scores, """{"judge":"two"}""", replaces: true);
    }

    [Fact]
    public async Task A_row_that_cannot_be_scored_is_unscored_and_says_why()
    {
        _judge.Failing = "b";
        var scored = await ScoreAsync(Rows("a", "b"));
        Assert.Equal(1, new RewardBench().Measure(scored).Unscored);
        Assert.Equal("no score for b", JsonElement.Parse(File.ReadLines(Scores).Last()).GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_JSON_array_and_JSON_lines_are_read_alike()
    {
        var (array, lines) = (Path.Combine(_folder.Path, "total_dataset.json"), Path.Combine(_folder.Path, "lines.jsonl"));
        File.WriteAllText(array, "\uFEFF\n [ {\"id\": 1},\n {\"id\": 2} ]\n");
        File.WriteAllText(lines, "{\"id\": 1}\r\n\r\n{\"id\": 2}");
        var cancellationToken = TestContext.Current.CancellationToken;
        Assert.Equal([1, 2], (await BenchmarkFile.ReadAsync([array], cancellationToken)).Select(row => row.WholeNumber("id")));
        Assert.Equal([1, 2, 1, 2], (await BenchmarkFile.ReadAsync([lines, array], cancellationToken)).Select(row => row.WholeNumber("id")));
        File.WriteAllText(lines, "{\"id\": 1}\n{\"id\"");
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => BenchmarkFile.ReadAsync([lines], cancellationToken));
        Assert.Contains("lines.jsonl, line 2: not valid JSON", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Domain_files_of_RM_Bench_name_their_domain_themselves()
    {
        var row = new BenchmarkRow(JsonElement.Parse("""{"id": 1}"""), "/data/safety-refuse_filtered.json", 1);
        Assert.Equal("safety-refuse", new RmBench().Scored(row, new float?[6])["domain"]!.GetValue<string>());
    }

    [Fact]
    public void The_prior_sets_of_RewardBench_are_named_by_their_files_and_have_lists_of_turns()
    {
        var row = new BenchmarkRow(
            JsonElement.Parse(
                """
                {"id": 1, "subset": "other", "chosen": "d", "rejected": "e", "prompt": [
                  {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]}
                """),
            "/data/anthropic_helpful-00000-of-00001.parquet",
            1);
        Assert.Equal(["a", "b", "c"], new RewardBench().Ask(row).Prompt.Messages.Select(m => m.Text));
        Assert.Equal("anthropic_helpful", new RewardBench().Scored(row, [1, 2])["subset"]!.GetValue<string>());
    }

    private async Task<IReadOnlyList<BenchmarkRow>> ScoreAsync(IReadOnlyList<BenchmarkRow> rows)
    {
        using var file = ResumableLines.Open(Scores, Run, replaces: false);
        return await new BenchmarkScoring(new RewardBench(), _judge, window: 1)
            .RunAsync(rows, file, null, TestContext.Current.CancellationToken);
    }

    private async Task BreakOffAsync(IReadOnlyList<BenchmarkRow> rows, int after)
    {
        using var broken = new CancellationTokenSource();
        using var file = ResumableLines.Open(Scores, Run, replaces: false);
        var progress = new Progress(done =>
        {
            if (done == after)
            {
                broken.Cancel();
            }
        });
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => new BenchmarkScoring(new RewardBench(), _judge, window: 1).RunAsync(rows, file, progress, broken.Token));
    }

    private static BenchmarkRow[] Rows(params string[] prompts) =>
        [.. prompts.Select((prompt, i) => new BenchmarkRow(
            JsonElement.Parse($$"""{"id": {{i + 1}}, "prompt": "{{prompt}}", "chosen": "good", "rejected": "bad", "subset": "hep-go"}"""),
                "data.jsonl", i + 1))];

    private sealed class Progress(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }

    private sealed class Judge : IBenchmarkJudge
    {
        public List<string> Asked { get; } = [];

        public string? Failing { get; set; }

        public Task<IReadOnlyList<JudgedAnswer>> ScoreAsync(BenchmarkQuestion question, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var prompt = question.Prompt.Messages[0].Text;
            Asked.Add(prompt);
            return prompt == Failing ? throw new ScoringFailedException($"no score for {prompt}")
                : Task.FromResult<IReadOnlyList<JudgedAnswer>>([.. question.Answers.Select((_, i) => new JudgedAnswer(-i, 5, false))]);
        }
    }
}
