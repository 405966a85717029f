using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using BestOfN.Data.Cleaning;
using BestOfN.Training.Tests;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace BestOfN.Data.Tests.Cleaning;

/// <summary>Formats other than one JSON file, each read, and given back without a record that is dropped.</summary>
public sealed class CorpusFormatTests : IDisposable
{
    // A PNG of one red pixel.
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

    private static readonly byte[] s_image = Convert.FromBase64String(Pixel);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_tar_file_keeps_the_blocks_of_its_samples()
    {
        var (first, empty, caption, odd) = (Sample("a", Llava("What?", "Red.")), Sample("b", Llava("What?", " ")),
            Sample("c", null, "A red pixel."), Sample("d" + new string('x', 150), Llava("Which colour?", "Red.")));
        var path = In("shard-000.tar");
        File.WriteAllBytes(path, [.. first, .. empty, .. caption, .. odd, .. new byte[10240]]);
        var summary = Decide([path], 4);
        Assert.Equal((4, 3), (summary.Records, summary.Kept));
        Assert.Equal(1, summary.Reasons["empty_answer"]);
        Assert.Equal([.. first, .. caption, .. odd, .. new byte[1024]], File.ReadAllBytes(In("out", "kept", "shard-000.tar")));
        Assert.Equal([.. empty, .. new byte[1024]], File.ReadAllBytes(In("out", "dropped", "shard-000.tar")));
    }

    [Fact]
    public void A_tar_file_that_is_cut_off_is_an_error()
    {
        var path = In("shard.tar");
        File.WriteAllBytes(path, Sample("a", Llava("What?", "Red."))[..700]);
        var e = Assert.Throws<InvalidDataException>(() => Decide([path], 1));
        Assert.Contains("shard.tar", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_parquet_file_keeps_schema_metadata_and_values_of_its_rows()
    {
        var path = In("train.parquet");
        var rows = Enumerable.Range(0, 5).Select(i => new Row
        {
            Id = i,
            Score = i == 2 ? null : i / 4.0,
            Images = [new() { Bytes = s_image, Path = $"{i}.png" }],
            Texts = [new() { User = $"What is {i}?", Assistant = i == 3 ? "" : $"It is {i}.", Source = "vqa" }],
        }).ToArray();
        await using (var file = File.Create(path))
        {
            await ParquetSerializer.SerializeAsync(
                rows, file, new ParquetOptions { RowGroupSize = 2, CompressionMethod = CompressionMethod.Gzip },
                new Dictionary<string, string> { ["huggingface"] = "{\"info\": 1}" }, TestContext.Current.CancellationToken);
        }

        var summary = Decide([path], 5);
        Assert.Equal((5, 4), (summary.Records, summary.Kept));
        var kept = In("out", "kept", "train.parquet");
        var read = await ParquetSerializer.DeserializeAsync<Row>(kept, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(JsonSerializer.Serialize(rows.Where(row => row.Id != 3)), JsonSerializer.Serialize(read.Data));
        await using var before = await ParquetReader.CreateAsync(path, cancellationToken: TestContext.Current.CancellationToken);
        await using var after = await ParquetReader.CreateAsync(kept, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(before.Schema, after.Schema);
        Assert.Equal(before.CustomMetadata["huggingface"], after.CustomMetadata["huggingface"]);
        Assert.Equal(before.RowGroupCount, after.RowGroupCount);
        Assert.Equal(
            before.Metadata!.RowGroups[0].Columns[0].MetaData!.Codec, after.Metadata!.RowGroups[0].Columns[0].MetaData!.Codec);
    }

    [Fact]
    public async Task A_parquet_file_of_which_nothing_is_dropped_is_copied()
    {
        var path = In("train.parquet");
        await using (var file = File.Create(path))
        {
            await ParquetSerializer.SerializeAsync(
                new[] { new Row { Texts = [new() { User = "What?", Assistant = "This." }], Images = [] } }, file,
                cancellationToken: TestContext.Current.CancellationToken);
        }

        Decide([path], 1);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(In("out", "kept", "train.parquet")));
    }

    [Fact]
    public void A_meta_file_is_written_anew_and_its_names_are_the_sources()
    {
        Directory.CreateDirectory(In("pictures"));
        File.WriteAllBytes(In("pictures", "a.png"), s_image);
        File.WriteAllLines(In("one.jsonl"), [Llava("What?", "Red.", "a.png"), Llava("What?", " ", "a.png")]);
        File.WriteAllLines(In("two.jsonl"), [Llava("Why?", "So.")]);
        File.WriteAllText(In("meta.json"), """
            {"sharegpt": {"root": "pictures/", "annotation": "one.jsonl", "repeat_time": 1.5, "length": 2},
             "chat": {"root": "", "annotation": "two.jsonl", "data_augment": false, "length": 1}}
            """);
        var summary = Decide([In("meta.json")], 3);
        Assert.Equal((3, 2), (summary.Records, summary.Kept));
        var meta = JsonElement.Parse(File.ReadAllBytes(In("out", "kept", "meta.json")));
        Assert.Equal(1, meta.GetProperty("sharegpt").GetProperty("length").GetInt32());
        Assert.Equal(1.5, meta.GetProperty("sharegpt").GetProperty("repeat_time").GetDouble());
        Assert.Equal("sharegpt/one.jsonl", meta.GetProperty("sharegpt").GetProperty("annotation").GetString());
        Assert.Equal(Llava("What?", "Red.", "a.png") + "\n", File.ReadAllText(In("out", "kept", "sharegpt", "one.jsonl")));
        Assert.Contains(
            "\"source\": \"sharegpt\", \"file\": \"sharegpt/one.jsonl\", \"number\": 1", File.ReadAllText(In("out", "dropped.jsonl")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_files_is_written_anew_with_what_is_left_of_each()
    {
        File.WriteAllText(In("one.json"), $"[{Ixc("What?", "Red.")},\n{Ixc("What?", "")}]");
        File.WriteAllText(In("two.json"), $"[{Ixc("Why?", "So.")}]");
        File.WriteAllText(In("data.txt"), "one.json 0.5\ntwo.json 10\n");
        Decide([In("data.txt")], 3);
        Assert.Equal("data/one.json 0.25\ndata/two.json 10\n", File.ReadAllText(In("out", "kept", "data.txt")));
        Assert.Equal($"[{Ixc("What?", "Red.")}]", File.ReadAllText(In("out", "kept", "data", "one.json")));
        File.WriteAllText(In("data.txt"), "one.json\n");
        Assert.Contains(
            "data.txt, line 1: expected PATH THOUSANDS",
            Assert.Throws<InvalidDataException>(() => Decide([In("data.txt")], 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_files_of_one_name_are_refused()
    {
        Directory.CreateDirectory(In("a"));
        File.WriteAllText(In("data.json"), "[]");
        File.WriteAllText(In("a", "data.json"), "[]");
        var e = Assert.Throws<InvalidDataException>(() => Decide([In("data.json"), In("a", "data.json")], 0));
        Assert.Contains("would have outputs of one name, data.json", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"conversations_a": [{"from": "human", "value": "q"}, {"from": "bot", "value": "good"}], "conversations_b": """
        + """[{"from": "human", "value": "q"}, {"from": "bot", "value": "bad"}]}""", "q", "good", "bad")]
    [InlineData("""{"prompt": "q", "chosen": "good", "rejected": "bad"}""", "q", "good", "bad")]
    [InlineData("""{"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "good"}], "rejected": """
        + """[{"role": "assistant", "content": "bad"}]}""", "q", "good", "bad")]
    [InlineData("""{"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}], "rejected": """
        + """[{"role": "user", "content": "q"}, {"role": "assistant", "content": "bad"}]}""", "q", "good", "bad")]
    public void A_pair_is_its_better_conversation_with_the_worse_answer_beside_it(string json, string question, string chosen,
        string rejected)
    {
        var record = CorpusRecord.Read(Encoding.UTF8.GetBytes(json), new CleaningOptions())!;
        Assert.Equal([question, chosen], record.Turns.Select(turn => turn.Text));
        Assert.Equal(rejected, record.Rejected);
        Assert.Equal([1], record.Judged);
    }

    private string In(params string[] parts) => Path.Combine([_folder.Path, .. parts]);

    private CleaningSummary Decide(string[] inputs, int records)
    {
        File.WriteAllLines(
            In("scores.jsonl"), Enumerable.Range(0, records).Select(i =>
                FormattableString.Invariant($"{{\"record\": {i}, \"turn\": 0, \"score\": 1}}")));
        var corpus = Corpus.Open(inputs, new CleaningOptions());
        return CorpusCleaning.Decide(
            corpus, CorpusIndex.Of(corpus, Shard.Whole, null, TestContext.Current.CancellationToken), [In("scores.jsonl")], In("out"),
            new CleaningRun("test"), null, TestContext.Current.CancellationToken);
    }

    private static string Llava(string question, string answer, string? image = null) => JsonSerializer.Serialize(image is null
        ? new { conversations = new[] { new { from = "human", value = question }, new { from = "gpt", value = answer } } }
        : (object)new
        {
            image, conversations = new[] { new { from = "human", value = "<image>" + question }, new { from = "gpt", value = answer } },
        });

    private static string Ixc(string question, string answer) => JsonSerializer.Serialize(
        new { conversations = new[] { new { from = "human", value = question }, new { from = "bot", value = answer } } });

    // The members of a sample without the end of the file.
    private static byte[] Sample(string key, string? json, string? text = null)
    {
        var file = new MemoryStream();
        using (var writer = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
        {
            Add(writer, $"{key}.png", s_image);
            Add(writer, json is null ? $"{key}.txt" : $"{key}.json", Encoding.UTF8.GetBytes(json ?? text!));
        }

        return file.ToArray()[..^1024];
    }

    private static void Add(TarWriter writer, string name, byte[] content) =>
        writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });

    private sealed class Row
    {
        [System.Text.Json.Serialization.JsonPropertyName("id")]
        public int Id { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("score")]
        public double? Score { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("images")]
        public List<Picture> Images { get; set; } = [];

        [System.Text.Json.Serialization.JsonPropertyName("texts")]
        public List<Text> Texts { get; set; } = [];
    }

    private sealed class Picture
    {
        [System.Text.Json.Serialization.JsonPropertyName("bytes")]
        public byte[]? Bytes { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("path")]
        public string? Path { get; set; }
    }

    private sealed class Text
    {
        [System.Text.Json.Serialization.JsonPropertyName("user")]
        public string? User { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("assistant")]
        public string? Assistant { get; set; }

        [System.Text.Json.Serialization.JsonPropertyName("source")]
        public string? Source { get; set; }
    }
}
