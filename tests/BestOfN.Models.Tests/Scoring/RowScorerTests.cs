using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Rewards;
using BestOfN.Models.Devices;
using BestOfN.Models.Scoring;
using static TorchSharp.torch;

namespace BestOfN.Models.Tests.Scoring;

public sealed class RowScorerTests : IDisposable
{
    private const string Folder = "internlm2-reward/gqa";
    private const double Tolerance = 1e-4;

    private readonly string _directory = Directory.CreateTempSubdirectory("bestofn-rows-").FullName;
    private readonly DeviceWorker _worker = new(CPU);
    private readonly ScoringEngine _engine;

    public RowScorerTests() => _engine = ScoringEngine.Load("tiny", GoldenFiles.Folder(Folder), ScalarType.Float32, _worker, new ScoringOptions());

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
            var messages = new JsonArray([.. conversations[i].Select(m => (JsonNode)new JsonObject { ["role"] = m.Role, ["content"] = m.Text })]);
            lines.Add(new JsonObject { ["id"] = $"m{i}", ["messages"] = messages.DeepClone() }.ToJsonString());
            messages.RemoveAt(messages.Count - 1);
            lines.Add(new JsonObject { ["id"] = 100 + i, ["messages"] = messages, ["candidates"] = new JsonArray("no", conversations[i][^1].Text) }.ToJsonString());
            var ids = GoldenFiles.Ids(GoldenFiles.Read(Folder, "expected.json").GetProperty("samples")[i]);
            lines.Add(new JsonObject { ["id"] = $"i{i}", ["input_ids"] = new JsonArray([.. ids[..^1].Select(id => (JsonNode)id)]) }.ToJsonString());
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
        File.WriteAllText(Output + ".partial", "{\"id\":\"r0\",\"score\":42}\n{\"id\":\"r3\",\"score\":43}\n{\"id\":\"r1\",\"sco");
        var reports = new List<int>();
        await ScoreAsync(progress: new Recorder(reports));
        var rows = Read(Output);
        Assert.Equal(["r0", "r3", "r1", "r2", "r4"], rows.Select(r => r.GetProperty("id").GetString()));
        Assert.Equal(42, rows[0].GetProperty("score").GetDouble());
        Assert.NotEqual(43, rows[2].GetProperty("score").GetDouble());
        Assert.Equal([2, 5], reports);

        // A finished output is a beginning, too: only rows that are new are scored.
        var computed = _engine.ComputedTokens;
        File.AppendAllLines(Input, [Ids("r5", [10, 11, 30])]);
        await ScoreAsync();
        Assert.Equal(6, Read(Output).Count);
        Assert.Equal(4, _engine.ComputedTokens - computed);
    }

    [Theory]
    [InlineData("{\"id\":\"x\"", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("{\"input_ids\":[1]}", "id: expected a string or a number")]
    [InlineData("{\"id\":\"x\"}", "expected messages")]
    [InlineData("{\"id\":\"x\",\"messages\":[]}", "expected messages")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}", "found user")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\"}]}", "messages[0].content")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"content\":\"q\"}]}", "messages[0].role")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}", "messages[0].content[0]: expected text, image_url or video_url")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"image_url\":{\"url\":\"https://a/b.png\"}}]}],\"candidates\":[\"a\"]}", "content[0].image_url: expected a data: URI")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"image_url\":\"data:image/png;base64,?\"}]}],\"candidates\":[\"a\"]}", "not valid base64")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[\"a\"],\"images\":[\"missing.png\"]}", "images[0]: there is no file")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[\"a\"],\"videos\":\"a.mp4\"}", "videos: expected a list of paths")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"<ImageHere> <ImageHere>\"}],\"candidates\":[\"a\"],\"images\":[\"rows.jsonl\"]}", "expected 1 <ImageHere>, one for each of images and videos, found 2")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"assistant\",\"content\":[{\"image_url\":\"data:image/png;base64,AA==\"}]}]}", "expected the judged answer to be text")]
    [InlineData("{\"id\":\"x\",\"images\":[],\"input_ids\":[1]}", "expected images or input_ids, found both")]
    [InlineData("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"candidates\":[]}", "candidates: expected")]
    [InlineData("{\"id\":\"x\",\"input_ids\":[1,-2]}", "found -2")]
    [InlineData("{\"id\":\"x\",\"input_ids\":[]}", "at least one")]
    [InlineData("{\"id\":\"r0\",\"input_ids\":[5]}", "is that of line 1")]
    public async Task A_bad_row_is_named_by_its_line_before_anything_is_scored(string line, string says)
    {
        File.WriteAllLines(Input, [Ids("r0", [10, 11]), "", line]);
        File.WriteAllText(Output + ".partial", "{\"id\":\"r9\",\"score\":42}\n");
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => ScoreAsync());
        Assert.Contains("rows.jsonl, line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _engine.ComputedTokens);
        Assert.Contains("r9", File.ReadAllText(Output + ".partial"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_cannot_be_scored_is_named_and_what_precedes_it_is_kept()
    {
        File.WriteAllLines(Input, [Ids("r0", [10, 11]), Ids("r1", [10, 499_999]), Ids("r2", [10, 12])]);
        var error = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(window: 1));
        Assert.Contains("rows.jsonl, line 2: ", error.Message, StringComparison.Ordinal);
        Assert.Equal("r0", Assert.Single(Read(Output + ".partial")).GetProperty("id").GetString());
        Assert.False(File.Exists(Output));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _worker.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Ids(string id, int[] ids) => JsonSerializer.Serialize(new { id, input_ids = ids });

    private static List<JsonElement> Read(string path) => [.. File.ReadLines(path).Select(l => JsonDocument.Parse(l).RootElement)];

    private async Task ScoreAsync(int window = 128, IProgress<int>? progress = null) =>
        await new RowScorer(_engine, window).RunAsync(ScoringRowFile.Open(Input), Output, TextWriter.Null, progress, Cancelled);

    private sealed class Recorder(List<int> reports) : IProgress<int>
    {
        public void Report(int value) => reports.Add(value);
    }
}
