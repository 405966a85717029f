using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Models.Tokenizers;

namespace BestOfN.Models.Tests.Tokenizers;

public class TokenizerFilesTests
{
    [Fact]
    public void A_folder_without_a_tokenizer_is_named()
    {
        using var folder = new ScratchFolder();
        Assert.Contains(folder.Path, Assert.Throws<FileNotFoundException>(() => TokenizerFiles.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData(1, "unigram")]
    [InlineData(3, "word")]
    public void Other_kinds_of_sentencepiece_models_are_refused(byte kind, string expected)
    {
        byte[] file = [0x0A, 0x03, 0x0A, 0x01, (byte)'a', 0x12, 0x02, 0x18, kind];
        Assert.Contains(expected, Refusal("tokenizer.model", file).Message);
    }

    [Fact]
    public void A_model_that_maps_characters_is_refused()
    {
        byte[] file = [0x0A, 0x03, 0x0A, 0x01, (byte)'a', 0x12, 0x02, 0x18, 2, 0x1A, 0x03, 0x12, 0x01, 0xFF];
        Assert.Contains("maps characters", Refusal("tokenizer.model", file).Message);
    }

    [Theory]
    [InlineData("""{"model":{"type":"Unigram","vocab":[]}}""", "Unigram")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}}""", "Whitespace")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]}}""", "not byte-level")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"Lowercase"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "Lowercase")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":2000000000},"merges":[]}}""", "out of range")]
    [InlineData("[]", "")]
    [InlineData("{", "")]
    public void Other_kinds_of_json_tokenizers_are_refused(string json, string expected) =>
        Assert.Contains(expected, Refusal("tokenizer.json", Encoding.UTF8.GetBytes(json)).Message);

    [Fact]
    public void A_merge_of_unknown_tokens_is_refused()
    {
        var json = JsonNode.Parse(File.ReadAllText(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json")))!;
        json["model"]!["merges"]!.AsArray().Add("qq zz");
        Refusal("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    [Theory, InlineData("hf-bpe-llama3", "tokenizer.json"), InlineData("spm-bpe", "tokenizer.model")]
    public void A_damaged_file_loads_or_is_refused_by_name(string model, string file)
    {
        var good = File.ReadAllBytes(GoldenFile.Folder("tokenizers", model, file));
        var random = new Random(3);
        using var folder = new ScratchFolder();
        for (var round = 0; round < 150; round++)
        {
            var bad = round % 3 == 0 ? good[..random.Next(good.Length)] : (byte[])good.Clone();
            for (var flips = round % 3 == 0 ? 0 : random.Next(1, 20); flips > 0; flips--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            folder.Write(file, bad);
            try
            {
                TokenizerFiles.Load(folder.Path).Encode("Hello, world 123 [UNUSED_TOKEN_145] 😀");
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(Path.Combine(folder.Path, file), e.Message);
            }
        }
    }

    private static InvalidDataException Refusal(string name, byte[] file)
    {
        using var folder = new ScratchFolder();
        folder.Write(name, file);
        var refusal = Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(folder.Path));
        Assert.Contains(Path.Combine(folder.Path, name), refusal.Message);
        return refusal;
    }
}
