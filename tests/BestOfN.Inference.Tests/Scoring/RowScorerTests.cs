using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

public sealed class RowScorerTests : IDisposable
{
    private const string Folder = "internlm2-reward/gqa";
    private const double Tolerance = 1e-4;

    private readonly string _directory = Directory.CreateTempSubdirectory("bestofn-rows-").FullName;
    private readonly DeviceWorker _worker = new(CPU);
    private readonly ScoringEngine _engine;

    public RowScorerTests() =>
        _engine = ScoringEngine.Load("tiny", GoldenFiles.Folder(Folder), ScalarType.Float32, _worker, new ScoringOptions());

    internal static ScoringFingerprint Fingerprint { get; } = new()
    {
        Model = "tiny",
        Type = "Float32",
        Device = "CPU",
        StepReward = "Last",
        HdNum = null,
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Input => Path.Combine(_directory, "rows.jsonl");

    private string Output => Path.Combine(_directory, "scores.jsonl");

    [Fact]
    public async Task All_three_shapes_score_like_the_reference_in_the_order_of_the_input()
    {
        var expected = ScoringEngineTests.Rewards(Folder);
        var conversations = ScoringEngineTests.Conversations(Folder);
        var lines = new List<string>();
        for (var i = 0; i < conversations.Count; i++)
        {
            var messages = new JsonArray(
                [.. conversations[i].Select(m => (JsonNode)new JsonObject { ["role"] = m.Role, ["content"] = m.Text })]);
            lines.Add(new JsonObject { ["id"] = $"m{i}", ["messages"] = messages.DeepClone() }.ToJsonString());
            messages.RemoveAt(messages.Count - 1);
            lines.Add(new JsonObject
            {
                ["id"] = 100 + i,
                ["messages"] = messages,
                ["candidates"] = new JsonArray("no", conversations[i][^1].Text),
            }.ToJsonString());
            var ids = GoldenFiles.Ids(GoldenFiles.Read(Folder, "expected.json").GetProperty("samples")[i]);
            lines.Add(new JsonObject
            {
                ["id"] = $"i{i}",
                ["input_ids"] = new JsonArray([.. ids[..^1].Select(id => (JsonNode)id)]),
            }.ToJsonString());
        }

        File.WriteAllLines(Input, lines);
        await ScoreAsync(window: 7);
        var rows = Read(Output);
        Assert.Equal(lines.Count, rows.Count);
        for (var i = 0; i < conversations.Count; i++)
        {
            Assert.Equal($"m{i}", rows[3 * i].GetProperty("id").GetString());
            Assert.Equal(expected[i], rows[3 * i].GetProperty("score").GetDouble(), Tolerance);
            Assert.Equal(100 + i, rows[(3 * i) + 1].GetProperty("id").GetInt32());
            Assert.Equal(2, rows[(3 * i) + 1].GetProperty("scores").GetArrayLength());
            Assert.Equal(expected[i], rows[(3 * i) + 1].GetProperty("scores")[1].GetDouble(), Tolerance);
            Assert.Equal(expected[i], rows[(3 * i) + 2].GetProperty("score").GetDouble(), Tolerance);
            Assert.False(rows[3 * i].TryGetProperty("steps", out _));
        }

        Assert.False(File.Exists(Output + ".partial"));
    }

    [Fact]
    public async Task Rows_that_share_a_prompt_share_its_computation()
    {
        int[] prompt = [.. Enumerable.Range(0, 100).Select(i => 10 + i)];
        File.WriteAllLines(Input, Enumerable.Range(0, 10).Select(i => Ids($"r{i}", [.. prompt, 200 + i, 7])));
        await ScoreAsync();
        Assert.Equal(100 + (10 * 3), _engine.ComputedTokens);   // with the reward token
    }

    [Fact]
    public async Task A_run_that_was_broken_off_goes_on_behind_what_is_there()
    {
        File.WriteAllLines(Input, Enumerable.Range(0, 5).Select(i => Ids($"r{i}", [10, 11, 20 + i])));
        await BreakOffAsync(after: 2);
        var computed = _engine.ComputedTokens;
        var reports = new List<int>();
        var summary = await ScoreAsync(progress: new Recorder(reports));
        Assert.Equal(new RowScoringSummary(5, 2, 0), summary);
        Assert.Equal([2, 5], reports);
        Assert.Equal(3 * 4, _engine.ComputedTokens - computed);   // with the reward token
        var resumed = Scores();
        await ScoreAsync();
        Assert.Equal(Scores(), resumed, (a, b) => Math.Abs(a - b) <= Tolerance);
        Assert.Equal(["r0", "r1", "r2", "r3", "r4"], Read(Output).Select(r => r.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_finished_output_is_refused_or_scored_anew_and_never_kept()
    {
        File.WriteAllLines(Input, [Ids("r0", [10, 11])]);
        File.WriteAllText(Output, "{\"id\":\"r0\",\"score\":42}\n");
        var refused = Assert.Throws<IOException>(() => ScoreFile.Open(Output, Input, overwrites: false));
        Assert.Contains("scores.jsonl is there already; --force replaces it", refused.Message, StringComparison.Ordinal);
        Assert.Equal(42, Read(Output)[0].GetProperty("score").GetDouble());
        await ScoreAsync();
        Assert.NotEqual(42, Assert.Single(Read(Output)).GetProperty("score").GetDouble());
    }

    [Theory]
    [InlineData("changed", 1)]
    [InlineData("removed", 1)]
    [InlineData("reordered", 0)]
    [InlineData("inserted", 0)]
    [InlineData("appended", 3)]
    public async Task Rows_that_changed_since_a_run_was_broken_off_are_scored_anew(string what, int kept)
    {
        string[] before = [Ids("r0", [10, 11]), Ids("r1", [10, 12]), Ids("r2", [10, 13]), Ids("bad", [10, 499_999])];
        File.WriteAllLines(Input, before);
        await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(window: 1));
        string[] after = what switch
        {
            "changed" => [before[0], Ids("r1", [10, 99]), before[2]],
            "removed" => [before[0], before[2]],
            "reordered" => [before[1], before[0], before[2]],
            "inserted" => [Ids("r9", [10, 14]), .. before[..3]],
            _ => [.. before[..3], Ids("r3", [10, 14])],
        };
        File.WriteAllLines(Input, after);
        Assert.Equal(new RowScoringSummary(after.Length, kept, 0), await ScoreAsync());
        var resumed = Scores();
        await ScoreAsync();
        Assert.Equal(Scores(), resumed, (a, b) => Math.Abs(a - b) <= Tolerance);
    }

    [Fact]
    public async Task What_another_model_left_is_refused_by_name_or_dropped()
    {
        File.WriteAllLines(Input, [Ids("r0", [10, 11]), Ids("bad", [10, 499_999])]);
        await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(window: 1));
        File.WriteAllLines(Input, [Ids("r0", [10, 11])]);
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => ScoreAsync(fingerprint: Fingerprint with { Model = "other" }));
        Assert.Contains("belongs to another run (another model, or its files were changed)", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<InvalidDataException>(() => ScoreAsync(fingerprint: Fingerprint with { Type = "BFloat16" }));
        Assert.Contains("--dtype Float32, now BFloat16", refused.Message, StringComparison.Ordinal);
        var summary = await ScoreAsync(fingerprint: Fingerprint with { Model = "other" }, startsAnew: true);
        Assert.Equal(0, summary.Kept);
    }

    [Fact]
    public void A_changed_weight_or_tokenizer_is_another_fingerprint()
    {
        var folder = Path.Combine(_directory, "model");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(GoldenFiles.Folder(Folder)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        var first = Of(folder);
        Assert.Equal(first, Of(folder));
        var weights = Path.Combine(folder, "model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var second = Of(folder);
        Assert.NotEqual(first, second);
        File.AppendAllText(Path.Combine(folder, "config.json"), " ");
        Assert.NotEqual(second, Of(folder));

        static ScoringFingerprint Of(string folder) =>
            ScoringFingerprint.Of(folder, ScalarType.Float32, CPU, new ScoringOptions(), null, Cancelled);
    }

    [Fact]
    public async Task Rows_that_cannot_be_scored_become_errors_and_the_others_are_scored()
    {
        string[] lines = [Ids("r0", [10, 11]), "{\"id\":\"r1\"", Ids("r2", [10, 499_999]), Ids("r0", [10, 12]),
            Ids("r4", [10, 13]), "{\"id\":\"r5\",\"candidates\":[\"\\ud83d\"]}"];
        File.WriteAllLines(Input, lines);
        var failures = new List<string>();
        var summary = await ScoreAsync(skips: true, failed: failures.Add);
        Assert.Equal(new RowScoringSummary(6, 0, 4), summary);
        var rows = Read(Output);
        Assert.Equal(["\"r0\"", "2", "\"r2\"", "\"r0\"", "\"r4\"", "\"r5\""], rows.Select(r => r.GetProperty("id").GetRawText()));
        Assert.Equal([true, false, false, false, true, false], rows.Select(r => r.TryGetProperty("score", out _)));
        Assert.Contains("not valid JSON", rows[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("is that of line 1", rows[3].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(4, failures.Count);
        Assert.Contains("rows.jsonl, line 3: ", failures[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_is_too_long_is_named_and_not_its_neighbour_with_the_same_beginning()
    {
        int[] prompt = [.. Enumerable.Range(0, 100).Select(i => 10 + i)];
        File.WriteAllLines(Input,
            [Ids("r0", [.. prompt, 7]), Ids("r1", [.. prompt, 8]), Ids("long", [.. prompt, .. Enumerable.Repeat(9, _engine.MaxLength)])]);
        var error = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync());
        Assert.Contains("rows.jsonl, line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(new RowScoringSummary(3, 2, 1), await ScoreAsync(skips: true));
    }

    [Fact]
    public async Task A_row_without_id_has_the_number_of_its_line_and_ends_of_lines_may_be_those_of_Windows()
    {
        File.WriteAllText(Input, "\uFEFF{\"input_ids\":[10,11]}\r\n\r\n{\"input_ids\":[10,11],\"metadata\":{\"source\":1}}");
        await ScoreAsync();
        Assert.Equal([1, 3], Read(Output).Select(r => r.GetProperty("id").GetInt32()));
    }

    [Theory]
    [InlineData("images")]
    [InlineData("videos")]
    public void A_path_that_no_file_can_have_fails_its_row_alone(string field)
    {
        var row = $$$"""{"{{{field}}}":["a\u0000b"],"messages":[{"role":"user","content":"x"}],"candidates":["y"]}""";
        File.WriteAllLines(Input, [row, Ids("r1", [10, 11])]);
        var error = Assert.Throws<InvalidDataException>(() => ScoringRowFile.Open(Input, cancellationToken: Cancelled));
        Assert.Equal($"{Input}, line 1: {field}: expected a list of paths.", error.Message);
        Assert.Equal(2, ScoringRowFile.Open(Input, keepsBadRows: true, cancellationToken: Cancelled).Count);
    }

    [Fact]
    public void A_last_line_that_was_cut_off_is_named()
    {
        File.WriteAllText(Input, Ids("r0", [10, 11]) + "\n{\"id\":\"r1\",\"messages\":[{\"role\":\"us");
        var error = Assert.Throws<InvalidDataException>(() => ScoringRowFile.Open(Input, cancellationToken: Cancelled));
        Assert.Equal($"{Input}, line 2: not valid JSON: the file ends within the line.", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n \r\n")]
    public void A_file_without_rows_is_an_error(string text)
    {
        File.WriteAllText(Input, text);
        var error = Assert.Throws<InvalidDataException>(() => ScoringRowFile.Open(Input, cancellationToken: Cancelled));
        Assert.Contains("holds no row", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_text_are_named_by_their_line()
    {
        byte[] row = [.. "{\"id\":1,\"input_ids\":[1]}\n{\"id\":2,\"messages\":[{\"role\":\"user\",\"content\":\"caf"u8,
            0xE9, .. "\"}],\"candidates\":[\"a\"]}\n"u8];
        File.WriteAllBytes(Input, row);
        var error = Assert.Throws<InvalidDataException>(() => ScoringRowFile.Open(Input, cancellationToken: Cancelled));
        Assert.Contains("rows.jsonl, line 2: not valid UTF-8: byte 0xE9 at byte 50 of the line", error.Message, StringComparison.Ordinal);
        File.WriteAllText(Input, "{\"id\":1}", System.Text.Encoding.Unicode);
        error = Assert.Throws<InvalidDataException>(() => ScoringRowFile.Open(Input, cancellationToken: Cancelled));
        Assert.Contains("UTF-16", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tool_calls_of_a_row_are_judged_as_the_folders_template_shows_them_or_refused_by_name()
    {
        string Row(string id, string arguments, string last) => $$$"""
            {"id":"{{{id}}}","messages":[{"role":"user","content":"q"},
            {"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{{{arguments}}}"}}]},
            {"role":"tool","content":"1","tool_call_id":"c"},{"role":"assistant","content":"ok"{{{last}}}}]}
            """.ReplaceLineEndings("");
        File.WriteAllLines(Input,
            [Row("a", "x", ""), Row("b", "y", ""), Row("c", "x", ",\"tool_calls\":[{\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]")]);
        Assert.Equal(3, (await ScoreAsync(skips: true)).Failed);
        Assert.Contains(
            "the template does not read tool_calls", Read(Output)[0].GetProperty("error").GetString(), StringComparison.Ordinal);

        var folder = Path.Combine(_directory, "model");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(GoldenFiles.Folder(Folder)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        File.WriteAllText(
            Path.Combine(folder, "chat_template.jinja"),
            "{% for m in messages %}{{ m.role }}:{{ m.content or '' }}{% for c in m.tool_calls or "
                + "[] %}{{ c.function.name }}{{ c.function.arguments }}{% endfor %};{% endfor %}");
        using var engine = ScoringEngine.Load("tools", folder, ScalarType.Float32, _worker, new ScoringOptions());
        var text = new StringWriter();
        var rows = ScoringRowFile.Open(Input, cancellationToken: Cancelled);
        await new RowScorer(engine).RunAsync(rows, null, text, new RowScoringOptions(), null, Cancelled);
        var scores = text.ToString().TrimEnd().Split('\n')
            .Select(l => JsonDocument.Parse(l).RootElement.GetProperty("score").GetDouble()).ToArray();
        Assert.Equal(3, scores.Distinct().Count());
    }

    [Fact]
    public async Task Token_ids_are_scored_by_a_folder_without_tokenizer()
    {
        var folder = Path.Combine(_directory, "model");
        Directory.CreateDirectory(folder);
        foreach (var file in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(GoldenFiles.Folder(Folder), file), Path.Combine(folder, file));
        }

        File.WriteAllLines(Input, [Ids("r0", [10, 11, 12])]);
        await ScoreAsync();
        var expected = Read(Output)[0].GetProperty("score").GetDouble();
        Assert.False(ScoringRowFile.Open(Input, cancellationToken: Cancelled).HasText);
        using var engine = ScoringEngine.Load("ids", folder, ScalarType.Float32, _worker, new ScoringOptions(), readsText: false);
        var text = new StringWriter();
        var rows = ScoringRowFile.Open(Input, cancellationToken: Cancelled);
        await new RowScorer(engine).RunAsync(rows, null, text, new RowScoringOptions(), null, Cancelled);
        Assert.Equal(expected, JsonDocument.Parse(text.ToString()).RootElement.GetProperty("score").GetDouble(), 1e-5);
    }

    [Theory]
    [InlineData("{\"id\":\"x\"", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("{\"id\":null,\"input_ids\":[1]}", "id: expected a string or a number")]
    [InlineData("{\"id\":\"x\",\"input_ids\":[1],\"input_ids\":[2]}", "input_ids")]
    [InlineData("{\"id\":\"x\",\"input_ids\":[1]}\0", "not valid JSON at byte 27")]
    [InlineData("{\"id\":\"x\",\"image\":\"a.png\"}", "image: not a field that is read; did you mean images, a list of paths?")]
    [InlineData("{\"id\":\"x\",\"video\":\"a.mp4\"}", "video: not a field that is read; did you mean videos")]
    [InlineData("{\"id\":\"x\",\"candidate\":[]}", "candidate: not a field that is read; did you mean candidates?")]
    [InlineData("{\"id\":\"x\",\"conversations\":[]}", "did you mean messages")]
    [InlineData("{\"id\":\"x\",\"weight\":1}", "weight: not a field that is read; known are id, messages")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\",\"cache_control\":{}}]}",
        "messages[0].cache_control: not a field that is read")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d x\"}]}",
        "messages[0].content: holds one half of a surrogate pair, \\ud83d")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[\"a\",\"\\udE00\"]}",
        "candidates[1]: holds one half of a surrogate pair, \\udE00")]
    [InlineData("{\"id\":\"x\",\"\\ud83d\":1}", "the name of a field holds one half of a surrogate pair")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"text\":\"t\"}]}]}",
        "messages[0].content[0].type: expected text, found")]
    [InlineData("{\"id\":\"\\u00720\",\"input_ids\":[5]}", "is that of line 1")]
    [InlineData("{\"id\":\"x\"}", "expected messages")]
    [InlineData("{\"id\":\"x\",\"messages\":[]}", "expected messages")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}", "found user")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\"}]}", "messages[0].content")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"content\":\"q\"}]}", "messages[0].role")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}",
        "messages[0].content[0]: expected text, image_url or video_url")]
    [InlineData(
        "{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"image_url\":{\"url\":\"https://a/b.png\"}}]}],"
            + "\"candidates\":[\"a\"]}",
        "content[0].image_url: expected a data: URI")]
    [InlineData(
        "{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"image_url\":\"data:image/png;base64,?\"}]}],"
            + "\"candidates\":[\"a\"]}",
        "not valid base64")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[\"a\"],\"images\":[\"missing.png\"]}",
        "images[0]: there is no file")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[\"a\"],\"videos\":\"a.mp4\"}",
        "videos: expected a list of paths")]
    [InlineData(
        "{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"<ImageHere> "
            + "<ImageHere>\"}],\"candidates\":[\"a\"],\"images\":[\"rows.jsonl\"]}",
                "expected 1 <ImageHere>, one for each of images and videos, found 2")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"image_url\":\"data:image/png;base64,AA==\"}]}]}",
        "expected the judged answer to be text")]
    [InlineData("{\"id\":\"x\",\"images\":[],\"input_ids\":[1]}", "expected images or input_ids, found both")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[]}", "candidates: expected")]
    [InlineData("{\"id\":\"x\",\"input_ids\":[1,-2]}", "found -2")]
    [InlineData("{\"id\":\"x\",\"input_ids\":[]}", "at least one")]
    [InlineData("{\"id\":\"r0\",\"input_ids\":[5]}", "is that of line 1")]
    public async Task A_bad_row_is_named_by_its_line_before_anything_is_scored(string line, string says)
    {
        File.WriteAllLines(Input, [Ids("r0", [10, 11]), "", line]);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => ScoreAsync());
        Assert.DoesNotContain("LineNumber", error.Message, StringComparison.Ordinal);
        Assert.Contains("rows.jsonl, line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _engine.ComputedTokens);
        Assert.False(File.Exists(Output + ".partial"));
    }

    [Fact]
    public async Task A_row_that_cannot_be_scored_is_named_and_what_precedes_it_is_kept()
    {
        File.WriteAllLines(Input, [Ids("r0", [10, 11]), Ids("r1", [10, 499_999]), Ids("r2", [10, 12])]);
        var error = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(window: 1));
        Assert.Contains("rows.jsonl, line 2: ", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
        var summary = await ScoreAsync(skips: true);
        Assert.Equal(new RowScoringSummary(3, 1, 1), summary);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _worker.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Ids(string id, int[] ids) => JsonSerializer.Serialize(new { id, input_ids = ids });

    private static List<JsonElement> Read(string path) => [.. File.ReadLines(path).Select(l => JsonDocument.Parse(l).RootElement)];

    private async Task<RowScoringSummary> ScoreAsync(
        int window = 128,
        IProgress<int>? progress = null,
        bool skips = false,
        bool startsAnew = false,
        ScoringFingerprint? fingerprint = null,
        Action<string>? failed = null,
        CancellationToken? cancellationToken = null)
    {
        using var output = ScoreFile.Open(Output, Input, overwrites: true);
        var rows = ScoringRowFile.Open(Input, keepsBadRows: skips, cancellationToken: Cancelled);
        var options = new RowScoringOptions
        {
            Fingerprint = fingerprint ?? Fingerprint,
            SkipsBadRows = skips,
            StartsAnew = startsAnew,
            Failed = failed,
        };
        return await new RowScorer(_engine, window)
            .RunAsync(rows, output, TextWriter.Null, options, progress, cancellationToken ?? Cancelled);
    }

    private double[] Scores() => [.. Read(Output).Select(r => r.GetProperty("score").GetDouble())];

    // As Ctrl-C does it, and a row of the end was written in half.
    private async Task BreakOffAsync(int after)
    {
        using var interrupted = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ScoreAsync(window: 1, new Interrupter(after, interrupted), cancellationToken: interrupted.Token));
        File.AppendAllText(Output + ".partial", "0123456789abcdef");
    }

    private sealed class Interrupter(int after, CancellationTokenSource source) : IProgress<int>
    {
        public void Report(int value)
        {
            if (value == after)
            {
                source.Cancel();
            }
        }
    }

    private sealed class Recorder(List<int> reports) : IProgress<int>
    {
        public void Report(int value) => reports.Add(value);
    }
}
