using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Tokenizers;

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
    [InlineData(
        """{"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"Lowercase"},"""
        + """ "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""",
        "Lowercase")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":2000000000},"merges":[]}}""", "out of range")]
    [InlineData("[]", "")]
    [InlineData("{", "")]
    public void Other_kinds_of_json_tokenizers_are_refused(string json, string expected) =>
        Assert.Contains(expected, Refusal("tokenizer.json", Encoding.UTF8.GetBytes(json)).Message);

    [Theory]
    [InlineData("tokenizer_config.json", """{"split_special_tokens": true}""", "split_special_tokens")]
    [InlineData("tokenizer_config.json", """{"do_lower_case": true}""", "do_lower_case")]
    [InlineData("tokenizer_config.json", """{"sp_model_kwargs": {"enable_sampling": true}}""", "sp_model_kwargs")]
    [InlineData("tokenizer_config.json", """{"add_prefix_space": true}""", "add_prefix_space")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"760": {"content": "<x>", "rstrip": true}}}""", "rstrip")]
    [InlineData("special_tokens_map.json", """{"eos_token": {"content": "<|eot_id|>", "lstrip": true}}""", "lstrip")]
    [InlineData("added_tokens.json", """{"<|eot_id|>": 758}""", "expected id 758")]
    [InlineData("tokenizer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git LFS pointer")]
    public void A_setting_that_changes_ids_and_is_not_computed_is_refused_by_name(string name, string contents, string expected)
    {
        using var folder = new ScratchFolder();
        folder.Copy(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json"));
        folder.Write(name, contents);
        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dropout", "0.0", null)]
    [InlineData("dropout", "0.1", "dropout")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"}]}""", "Lowercase")]
    [InlineData("pre_tokenizer",
        """{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false},{"type":"Digits"}]}""", "behind ByteLevel")]
    [InlineData("truncation", """{"max_length":4}""", null)]
    public void A_field_of_tokenizer_json_is_computed_or_refused_by_name(string field, string value, string? expected)
    {
        using var folder = new ScratchFolder();
        var json = JsonNode.Parse(File.ReadAllText(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json")))!;
        (field == "dropout" ? json["model"]! : json)[field] = JsonNode.Parse(value);
        folder.Write("tokenizer.json", json.ToJsonString());
        if (expected is null)
        {
            Assert.NotEmpty(TokenizerFiles.Load(folder.Path).Encode("Hello"));
            return;
        }

        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_tiktoken_does_not_hide_tokenizer_json()
    {
        using var folder = new ScratchFolder();
        folder.Write("tokenizer.model", "IQ== 0\nIg== 1\n");
        Assert.Contains(
            "tiktoken", Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(folder.Path)).Message, StringComparison.Ordinal);
        folder.Copy(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json"));
        Assert.NotEmpty(TokenizerFiles.Load(folder.Path).Encode("Hello"));
    }

    [Fact]
    public void A_token_that_only_special_tokens_map_calls_special_is_one()
    {
        using var folder = new ScratchFolder();
        var json = JsonNode.Parse(File.ReadAllText(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json")))!;
        json["model"]!["vocab"]!["<|turn|>"] = 790;
        folder.Write("tokenizer.json", json.ToJsonString());
        Assert.DoesNotContain(790, new SpecialTokenEncoder(TokenizerFiles.Load(folder.Path)).Encode("a<|turn|>b"));
        folder.Write("special_tokens_map.json", """{"additional_special_tokens": ["<|turn|>"]}""");
        Assert.Contains(790, new SpecialTokenEncoder(TokenizerFiles.Load(folder.Path)).Encode("a<|turn|>b"));
    }

    [Theory]
    [InlineData("{}", null, true, true)]
    [InlineData("""{"legacy": true}""", null, true, true)]
    [InlineData("""{"legacy": false}""", null, true, false)]
    [InlineData("""{"legacy": false, "add_prefix_space": false}""", null, false, false)]
    [InlineData("""{"legacy": false}""", """{"pre_tokenizer": null}""", true, true)]
    [InlineData("{}", """{"pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first"}}""", true, false)]
    [InlineData("{}", """{"pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "never"}}""", false, false)]
    public void A_blank_stands_before_texts_as_the_files_say(string settings, string? json, bool first, bool behindToken)
    {
        using var folder = new ScratchFolder();
        folder.Copy(GoldenFile.Folder("tokenizers", "spm-bpe-dummy-prefix", "tokenizer.model"));
        var plain = TokenizerFiles.Load(folder.Path);
        var blank = plain.Encode("hello")[0];
        folder.Write("tokenizer_config.json", settings);
        if (json is not null)
        {
            folder.Write("tokenizer.json", json);
        }

        var ids = new SpecialTokenEncoder(TokenizerFiles.Load(folder.Path)).Encode("hello<s>hello");
        var token = ids.ToList().IndexOf(plain.SpecialTokens["<s>"]);
        Assert.Equal((first, behindToken), (ids[0] == blank, ids[token + 1] == blank));
        ids = new SpecialTokenEncoder(TokenizerFiles.Load(folder.Path)).Encode("<s>hello");
        Assert.Equal(behindToken, ids[1] == blank);
    }

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
