using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>Files of rows about images.</summary>
public sealed class ImageRowTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly string _directory = Directory.CreateTempSubdirectory("bestofn-picture-rows-").FullName;
    private readonly DeviceWorker _worker = new(CPU);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Images_beside_the_file_in_their_places_and_within_messages_score_like_the_reference()
    {
        using var engine = Load("multi-image");
        Copy("multi-image", "image_0.png", "pictures");
        var second = Copy("multi-image", "image_1.png", "elsewhere");
        var messages = GoldenFiles.Read("ixc25-reward/multi-image", "inputs.json").GetProperty("samples")[0].GetProperty("messages");
        var listed = new JsonObject
        {
            ["id"] = "listed",
            ["messages"] = JsonNode.Parse(messages.GetRawText()),
            ["images"] = new JsonArray("pictures/image_0.png", second),   // from the file's folder, or absolute
        };
        var pieces = messages[0].GetProperty("content").GetString()!.Split("<ImageHere>");
        JsonNode Text(string text) => new JsonObject { ["type"] = "text", ["text"] = text };
        JsonNode Data(string file) => new JsonObject
        {
            ["type"] = "image_url",
            ["image_url"] = new JsonObject
            {
                ["url"] = "data:image/png;base64," + Convert.ToBase64String(ImageConversations.Image("multi-image", file).Content.Span),
            },
        };
        var inline = new JsonObject
        {
            ["id"] = "inline",
            ["messages"] = new JsonArray(new JsonObject
            {
                ["role"] = "user",
                ["content"] = new JsonArray(Text(pieces[0]), Data("image_0.png"), Text(pieces[1]), Data("image_1.png"), Text(pieces[2])),
            }),
            ["candidates"] = new JsonArray("no", messages[1].GetProperty("content").GetString()),
        };
        var rows = await ScoreAsync(engine, listed, inline);
        var expected = ImageConversations.Rewards("multi-image")[0];
        Assert.Equal(expected, rows[0].GetProperty("score").GetDouble(), Tolerance);
        Assert.Equal(expected, rows[1].GetProperty("scores")[1].GetDouble(), Tolerance);
        Assert.Equal(2, engine.EncodedImages);
    }

    [Fact]
    public async Task Rows_about_one_image_share_it_and_rows_about_another_do_not()
    {
        using var engine = Load("image-2x3");
        Copy("image-2x3", "image_0.png", ".");
        Copy("image-1x1", "image_0.png", "other");
        var rows = await ScoreAsync(engine, Row("a", "image_0.png", 0), Row("b", "image_0.png", 1), Row("c", "other/image_0.png", 0));
        var expected = ImageConversations.Rewards("image-2x3");
        Assert.Equal(expected[0], rows[0].GetProperty("score").GetDouble(), Tolerance);
        Assert.Equal(expected[1], rows[1].GetProperty("score").GetDouble(), Tolerance);
        Assert.NotEqual(expected[0], rows[2].GetProperty("score").GetDouble(), Tolerance);
        Assert.Equal(2, engine.EncodedImages);

        static JsonObject Row(string id, string image, int sample) => new()
        {
            ["id"] = id,
            ["messages"] = JsonNode.Parse(GoldenFiles.Read("ixc25-reward/image-2x3", "inputs.json")
                .GetProperty("samples")[sample].GetProperty("messages").GetRawText()),
            ["images"] = new JsonArray(image),
        };
    }

    [Fact]
    public async Task A_row_whose_image_is_broken_is_named_with_line_file_and_reason()
    {
        using var engine = Load("image-1x1");
        File.WriteAllText(Path.Combine(_directory, "broken.png"), "not a picture");
        var row = new JsonObject
        {
            ["id"] = 1,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What?" }),
            ["candidates"] = new JsonArray("a"),
            ["images"] = new JsonArray("broken.png"),
        };
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync(engine, row));
        Assert.Contains("rows.jsonl, line 1: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("broken.png: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("not a picture of a known format", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _worker.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private ScoringEngine Load(string name) =>
        ScoringEngine.Load("eye", GoldenFiles.Folder($"ixc25-reward/{name}"), ScalarType.Float32, _worker, ImageConversations.Options);

    private string Copy(string name, string file, string folder)
    {
        var target = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, folder)).FullName, file);
        File.WriteAllBytes(target, ImageConversations.Image(name, file).Content.ToArray());
        return target;
    }

    private async Task<List<JsonElement>> ScoreAsync(ScoringEngine engine, params JsonObject[] rows)
    {
        var (input, output) = (Path.Combine(_directory, "rows.jsonl"), Path.Combine(_directory, "scores.jsonl"));
        await File.WriteAllLinesAsync(input, rows.Select(r => r.ToJsonString()), Cancelled);
        using var scores = ScoreFile.Open(output, input, overwrites: true);
        await new RowScorer(engine).RunAsync(
            ScoringRowFile.Open(input), scores, TextWriter.Null, new RowScoringOptions { Fingerprint = RowScorerTests.Fingerprint },
                null, Cancelled);
        return [.. File.ReadLines(output).Select(l => JsonDocument.Parse(l).RootElement)];
    }
}
