using System.Text.Json.Nodes;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Tokenizers;

public class ByteLevelTokenizerTests
{
    public static TheoryData<string> Models => ["hf-bpe-llama3", "hf-bpe-qwen"];

    [Theory, MemberData(nameof(Models))]
    public void Encodes_and_decodes_as_the_published_library(string name)
    {
        var tokenizer = Load(name);
        var encoder = new SpecialTokenEncoder(tokenizer);
        foreach (var c in GoldenFile.Json("tokenizers", name, "cases.json").GetProperty("cases").EnumerateArray())
        {
            var (text, ids) = (c.Text("text"), c.Ids("ids"));
            Assert.Equal(ids, encoder.Encode(text));
            Assert.Equal(c.Text("decoded"), tokenizer.Decode(ids));
            if (!tokenizer.SpecialTokens.Any(t => tokenizer.BytesOf(t.Value).IsEmpty && text.Contains(t.Key, StringComparison.Ordinal)))
            {
                Assert.Equal(ids, tokenizer.Encode(text));
            }

            var stream = new IncrementalDetokenizer(tokenizer);
            Assert.Equal(c.Text("decoded_skip_special"), string.Concat(ids.Select(stream.Push)) + stream.Flush());
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Encodes_rare_scripts_and_long_words_as_the_published_library(string name)
    {
        var tokenizer = Load(name);
        foreach (var c in GoldenFile.Json("tokenizers", "extra-cases.json").GetProperty(name).EnumerateArray())
        {
            Assert.Equal(c.Ids("ids"), tokenizer.Encode(c.Text("text")));
        }
    }

    [Fact]
    public void Composes_as_unicode_says()
    {
        foreach (var c in GoldenFile.Json("tokenizers", "extra-cases.json").GetProperty("nfc").EnumerateArray())
        {
            Assert.Equal(c.Text("composed"), CanonicalComposition.Compose(c.Text("text")));
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void The_spelling_of_a_special_token_stays_text(string name)
    {
        var tokenizer = Load(name);
        foreach (var (spelling, special) in tokenizer.SpecialTokens.Where(t => tokenizer.BytesOf(t.Value).IsEmpty))
        {
            var ids = tokenizer.Encode($"x{spelling}{spelling} y");
            Assert.DoesNotContain(special, ids);
            Assert.Equal($"x{spelling}{spelling} y", tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void A_token_that_the_files_call_ordinary_is_found_in_text()
    {
        var tokenizer = Load("hf-bpe-qwen");
        Assert.Equal([615], tokenizer.Encode("<think>"));
        Assert.Equal("<think>"u8, tokenizer.BytesOf(615));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_word_of_the_vocabulary_that_no_merge_reaches_is_taken_only_if_merges_are_ignored(bool ignoreMerges)
    {
        using var folder = new ScratchFolder();
        var json = JsonNode.Parse(File.ReadAllText(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json")))!;
        json["model"]!["vocab"]!["Ġqzqz"] = 800;
        json["model"]!["ignore_merges"] = ignoreMerges;
        folder.Write("tokenizer.json", json.ToJsonString());
        Assert.Equal(ignoreMerges, TokenizerFiles.Load(folder.Path).Encode(" qzqz") is [800]);
    }

    [Fact]
    public void The_file_tells_the_token_before_a_text()
    {
        Assert.Equal(757, Load("hf-bpe-llama3").BosId);
        Assert.Null(Load("hf-bpe-qwen").BosId);
    }

    [Fact]
    public void A_word_of_very_many_letters_is_encoded_in_a_moment()
    {
        var tokenizer = Load("hf-bpe-llama3");
        var text = string.Concat(Enumerable.Repeat("other", 64_000)); // a quarter of a minute if merging were quadratic
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    private static ITokenizer Load(string name) => TokenizerFiles.Load(GoldenFile.Folder("tokenizers", name));
}
