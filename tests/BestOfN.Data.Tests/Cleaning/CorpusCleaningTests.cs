using System.Text.Json;
using BestOfN.Data.Cleaning;
using BestOfN.Data.Tests.Benchmarks;
using BestOfN.Testing;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Cleaning;

public sealed class CorpusCleaningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llava-json")]
    [InlineData("llava-json-percentile")]
    [InlineData("openai-jsonl")]
    public void Golden_cases_are_decided_and_written_byte_for_byte(string set)
    {
        var golden = GoldenFiles.Folder($"data-cleaning/{set}");
        var options = CleaningOptions.Load(Path.Combine(golden, "config.json"));
        var corpus = Corpus.Open([Path.Combine(golden, options.Data!)], options);
        CorpusCleaning.Decide(
            corpus, CorpusIndex.Of(corpus, Shard.Whole, null, TestContext.Current.CancellationToken),
                [Path.Combine(golden, "scores.jsonl")],
            _folder.Path, new CleaningRun("test"), null, TestContext.Current.CancellationToken);

        Assert.Equal(
            File.ReadAllBytes(Path.Combine(golden, "expected_kept" + Path.GetExtension(options.Data))),
            File.ReadAllBytes(Path.Combine(_folder.Path, "kept", options.Data!)));
        var expected = File.ReadAllLines(Path.Combine(golden, "expected_dropped.jsonl"));
        var dropped = File.ReadAllLines(Path.Combine(_folder.Path, "dropped.jsonl"));
        Assert.Equal(expected.Length, dropped.Length);
        Assert.All(expected.Zip(dropped), pair => SameFigures.AssertHolds(JsonElement.Parse(pair.First), JsonElement.Parse(pair.Second)));
        var report = JsonElement.Parse(File.ReadAllBytes(Path.Combine(_folder.Path, "report.json")));
        SameFigures.AssertHolds(GoldenFiles.Read($"data-cleaning/{set}", "expected_report.json"), report);
    }

    [Theory]
    [InlineData("llava-json")]
    [InlineData("openai-jsonl")]
    public void Duplicates_are_found_by_the_published_key(string set)
    {
        var golden = GoldenFiles.Folder($"data-cleaning/{set}");
        var options = CleaningOptions.Load(Path.Combine(golden, "config.json"));
        var pieces = new JsonCorpusFile(Path.Combine(golden, options.Data!)).Read().Select(piece => piece.Content.ToArray()).ToArray();
        var (checks, files) = (new RecordChecks(options), new ImageFiles(golden));
        Assert.All(File.ReadLines(Path.Combine(golden, "expected_keys.jsonl")), line =>
        {
            var expected = JsonElement.Parse(line);
            var record = CorpusRecord.Read(pieces[expected.GetProperty("record").GetInt32()], options)!;
            var (_, key, _) = checks.Check(record, files);
            Assert.Equal(expected.GetProperty("key").GetString(), Convert.ToHexStringLower(key!));
        });
    }

    [Theory]
    [InlineData("\uFEFF [\n {\"a\": \"]},[\\\"\"} ,\r\n[1, {\"b\": 2}],3 , \"x,]\"\n]\n\n")]
    [InlineData("[]\n")]
    [InlineData("[{}]")]
    [InlineData("\uFEFF{\"a\": 1}\r\n\n \n{\"b\": 2}\n\n")]
    [InlineData("{\"a\": 1}\nno JSON")]
    [InlineData("\n\n")]
    public void A_file_of_which_nothing_is_dropped_stays_as_it_is(string text)
    {
        var path = Path.Combine(_folder.Path, "data.json");
        File.WriteAllText(path, text);
        var file = new JsonCorpusFile(path);
        using var output = new MemoryStream();
        var writer = file.Write(output);
        foreach (var piece in file.Read())
        {
            writer.Write(piece);
        }

        writer.Finish();
        Assert.Equal(File.ReadAllBytes(path), output.ToArray());
    }

    [Theory]
    [InlineData("[1, 2,\n 3]\n", "[1,\n 3]\n", 1)]
    [InlineData("[1, 2,\n 3]\n", "[2,\n 3]\n", 0)]
    [InlineData("[1, 2,\n 3]\n", "[1, 2]\n", 2)]
    [InlineData("[ 1 ]\n", "[]\n", 0)]
    [InlineData("1\r\n\r\n2\r\n3", "1\r\n3", 1)]
    public void What_is_left_brings_the_separator_that_stood_before_it(string text, string left, int dropped)
    {
        var path = Path.Combine(_folder.Path, "data.json");
        File.WriteAllText(path, text);
        var file = new JsonCorpusFile(path);
        using var output = new MemoryStream();
        var writer = file.Write(output);
        var record = 0;
        foreach (var piece in file.Read())
        {
            if (record++ != dropped)
            {
                writer.Write(piece);
            }
        }

        writer.Finish();
        Assert.Equal(left, System.Text.Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData("[{\"a\": 1}")]
    [InlineData("[{\"a\": \"1")]
    public void An_array_that_is_cut_off_is_an_error(string text)
    {
        var path = Path.Combine(_folder.Path, "data.json");
        File.WriteAllText(path, text);
        var e = Assert.Throws<InvalidDataException>(() => new JsonCorpusFile(path).Read().Count());
        Assert.Contains("data.json: the file ends within the array", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_in_which_too_much_is_low_keeps_what_is_beyond_the_cap_and_says_so()
    {
        // The lowest are dropped: records 4 to 7 of 8 low ones.
        var summary = Decide(Enumerable.Range(0, 40).Select(i => i < 8 ? -50f - i : i % 3));
        Assert.Equal(["data.jsonl"], summary.Capped);
        Assert.Equal([4, 5, 6, 7], Dropped().Select(row => row.GetProperty("record").GetInt32()));
        Assert.Equal(8, Report().GetProperty("sources").GetProperty("data.jsonl").GetProperty("candidates").GetInt32());
    }

    [Fact]
    public void The_lowest_of_equals_that_the_percentile_drops_is_the_earlier()
    {
        Decide(Enumerable.Range(0, 40).Select(i => i < 8 ? -50f : i % 3), new CleaningOptions { Rule = "percentile", Percentile = 0.05 });
        Assert.Equal([0, 1], Dropped().Select(row => row.GetProperty("record").GetInt32()));
    }

    [Fact]
    public void A_report_needs_nothing_beside_itself_and_shows_no_markup_of_the_corpus()
    {
        Decide(Enumerable.Range(0, 40).Select(i => i == 3 ? -50f : i % 3), answer: "<script>alert('x')</script> & <img src=http://x/y>");
        var page = File.ReadAllText(Path.Combine(_folder.Path, "report.html"));
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=http", page.Replace("src=http://x/y&gt;", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(2, page.Split("<svg").Length - 1);
    }

    [Fact]
    public void A_dry_run_writes_the_report_alone()
    {
        Decide(Enumerable.Range(0, 40).Select(i => i == 3 ? -50f : i % 3), writesRecords: false);
        Assert.Equal(["report.html", "report.json"], Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)!)
            .Except(["data.jsonl", "scores.jsonl"]).Order(StringComparer.Ordinal));
        Assert.Equal(1, Report().GetProperty("dropped").GetInt32());
    }

    [Fact]
    public void Long_words_of_scripts_without_spaces_are_not_garbled()
    {
        Assert.False(AnswerText.IsGarbled(string.Concat(Enumerable.Repeat("漢字", 400))));
        Assert.True(AnswerText.IsGarbled(string.Concat(Enumerable.Repeat("ab", 400))));
        Assert.False(AnswerText.IsGarbled(string.Concat(Enumerable.Repeat("ab", 200))));
        Assert.True(AnswerText.IsGarbled("a\u0001b"));
    }

    [Fact]
    public void An_unknown_option_is_refused_by_name()
    {
        var path = Path.Combine(_folder.Path, "options.json");
        File.WriteAllText(path, """{"max_drops": 0.2}""");
        Assert.Contains(
            "max_drops", Assert.Throws<InvalidDataException>(() => CleaningOptions.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, """{"max_drop": 2}""");
        Assert.Contains(
            "max_drop: expected 0 to 1", Assert.Throws<InvalidDataException>(() => CleaningOptions.Load(path)).Message,
                StringComparison.Ordinal);
    }

    private CleaningSummary Decide(
        IEnumerable<float> scores, CleaningOptions? options = null, string answer = "yes", bool writesRecords = true)
    {
        var (data, lines) = (Path.Combine(_folder.Path, "data.jsonl"), Path.Combine(_folder.Path, "scores.jsonl"));
        File.WriteAllLines(data, scores.Select((_, i) => JsonSerializer.Serialize(
            new { conversations = new[] { new { from = "human", value = $"{i}?" }, new { from = "gpt", value = answer } } })));
        File.WriteAllLines(lines, scores.Select((score, i) =>
            FormattableString.Invariant($"{{\"record\": {i}, \"turn\": 0, \"score\": {score}}}")));
        var corpus = Corpus.Open([data], options ?? new CleaningOptions());
        return CorpusCleaning.Decide(
            corpus, CorpusIndex.Of(corpus, Shard.Whole, null, TestContext.Current.CancellationToken), [lines], _folder.Path,
            new CleaningRun("test") { WritesRecords = writesRecords }, null, TestContext.Current.CancellationToken);
    }

    private IEnumerable<JsonElement> Dropped() =>
        File.ReadLines(Path.Combine(_folder.Path, "dropped.jsonl")).Select(line => JsonElement.Parse(line));

    private JsonElement Report() => JsonElement.Parse(File.ReadAllBytes(Path.Combine(_folder.Path, "report.json")));
}
