using System.Text.Json;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Tokenizers;

public class SentencePieceTokenizerTests
{
    public static TheoryData<string> Models => ["spm-bpe", "spm-bpe-dummy-prefix"];

    [Theory, MemberData(nameof(Models))]
    public void Encodes_and_decodes_as_sentencepiece(string name) => CheckCases(GoldenFile.Folder("tokenizers", name));

    [Fact]
    public void Encodes_and_decodes_as_the_published_internlm2_tokenizer() => CheckCases(GoldenFile.ThirdParty("internlm2-tokenizer"));

    [Fact]
    public void Encodes_full_prompts_as_the_published_internlm2_tokenizer()
    {
        var folder = GoldenFile.ThirdParty("internlm2-tokenizer");
        var tokenizer = TokenizerFiles.Load(folder);
        var encoder = new SpecialTokenEncoder(tokenizer);
        foreach (var prompt in Cases(folder).GetProperty("prompts").EnumerateArray())
        {
            Assert.Equal(prompt.Ids("ids_without_bos"), encoder.Encode(prompt.Text("prompt")));
            Assert.Equal(prompt.Ids("ids_with_bos"), encoder.Encode("<s>" + prompt.Text("prompt")));
        }

        Assert.Equal((1, 2, 92544), (tokenizer.BosId, tokenizer.EosId, tokenizer.VocabularySize));
    }

    [Theory, MemberData(nameof(Models))]
    public void The_spelling_of_a_special_token_stays_text(string name)
    {
        var tokenizer = TokenizerFiles.Load(GoldenFile.Folder("tokenizers", name));
        foreach (var (spelling, special) in tokenizer.SpecialTokens)
        {
            var text = $"x{spelling}{spelling} y";
            var ids = tokenizer.Encode(text);
            Assert.DoesNotContain(ids, tokenizer.SpecialTokens.Values.Contains);
            Assert.Equal(text, tokenizer.Decode(ids));
            Assert.True(tokenizer.BytesOf(special).IsEmpty);
        }
    }

    [Fact]
    public void A_lone_surrogate_becomes_a_replacement_character()
    {
        var tokenizer = TokenizerFiles.Load(GoldenFile.Folder("tokenizers", "spm-bpe"));
        Assert.Equal(tokenizer.Encode("a\uFFFDb"), tokenizer.Encode("a\uD800b"));
    }

    [Fact]
    public void A_long_text_is_no_slower_per_character()
    {
        // Quadratic merging would take half a minute here.
        var tokenizer = TokenizerFiles.Load(GoldenFile.Folder("tokenizers", "spm-bpe"));
        var text = string.Concat(Enumerable.Repeat("questiongreenstreet", 10_000));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void Added_tokens_rename_pieces_and_extend_the_vocabulary()
    {
        using var folder = new ScratchFolder();
        folder.Copy(GoldenFile.Folder("tokenizers", "spm-bpe", "tokenizer.model"));
        folder.Write("added_tokens.json", """{"<|later|>": 1300}""");
        folder.Write("tokenizer_config.json", """
            {"added_tokens_decoder": {"5": {"content": "<|im_start|>", "special": true}, "1301": {"content": "<think>", "special": false}},
             "bos_token": {"content": "<|im_start|>"}, "eos_token": "<|later|>", "pad_token": null}
            """);
        var tokenizer = TokenizerFiles.Load(folder.Path);

        Assert.Equal((5, 1300, 1302), (tokenizer.BosId, tokenizer.EosId, tokenizer.VocabularySize));
        Assert.Null(tokenizer.PadId);
        var encoder = new SpecialTokenEncoder(tokenizer);
        Assert.Equal([5, 1301, 1300], encoder.Encode("<|im_start|><think><|later|>"));
        Assert.Equal([1301], tokenizer.Encode("<think>"));
        Assert.DoesNotContain(5, tokenizer.Encode("<|im_start|>"));
        Assert.Equal("<|im_start|><think><|later|>", tokenizer.Decode([5, 1301, 1300]));
        Assert.True(tokenizer.BytesOf(1250).IsEmpty);
    }

    private static void CheckCases(string folder)
    {
        var tokenizer = (SentencePieceTokenizer)TokenizerFiles.Load(folder);
        var cases = Cases(folder);
        foreach (var c in cases.GetProperty("encode").EnumerateArray())
        {
            var (text, ids) = (c.Text("text"), c.Ids("ids"));
            Assert.Equal(ids, tokenizer.EncodeWithUserDefinedSymbols(text));
            if (!text.Contains("[UNUSED_TOKEN_", StringComparison.Ordinal))
            {
                Assert.Equal(ids, tokenizer.Encode(text));
            }

            Assert.Equal(c.Text("decoded"), tokenizer.Decode(ids));
        }

        foreach (var c in cases.GetProperty("decode_only").EnumerateArray())
        {
            Assert.Equal(c.Text("decoded"), tokenizer.Decode(c.Ids("ids")));
        }
    }

    private static JsonElement Cases(string folder)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        return document.RootElement.Clone();
    }
}
