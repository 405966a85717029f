using System.Text.Json;
using BestOfN.Models.Templates;
using BestOfN.Models.Tokenizers;
using BestOfN.Core.Prompts;

namespace BestOfN.Models.Tests.Tokenizers;

/// <summary>Against ids made with SentencePiece and @huggingface/tokenizers; exact.</summary>
public sealed class TokenizerTests
{
    [Theory]
    [InlineData("tokenizers/spm-bpe")]
    [InlineData("tokenizers/spm-bpe-dummy-prefix")]
    public void SentencePiece_encodes_and_decodes_every_case(string folder) =>
        AssertSentencePiece(GoldenFiles.Folder(folder), GoldenFiles.Read(folder, "cases.json"));

    [Theory]
    [InlineData("tokenizers/hf-bpe-llama3")]
    [InlineData("tokenizers/hf-bpe-qwen")]
    public void Byte_level_bpe_encodes_and_decodes_every_case(string folder)
    {
        var tokenizer = TokenizerFiles.Load(GoldenFiles.Folder(folder));
        foreach (var item in GoldenFiles.Read(folder, "cases.json").GetProperty("cases").EnumerateArray())
        {
            var ids = Ids(item.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(item.GetProperty("text").GetString()!, parseSpecialTokens: true));
            Assert.Equal(item.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void The_published_internlm2_tokenizer_encodes_and_decodes_every_case()
    {
        var (folder, cases) = PublishedInternLM2();
        AssertSentencePiece(folder, cases);
        var tokenizer = TokenizerFiles.Load(folder);
        foreach (var prompt in cases.GetProperty("prompts").EnumerateArray())
        {
            Assert.Equal(Ids(prompt.GetProperty("ids_without_bos")), tokenizer.Encode(prompt.GetProperty("prompt").GetString()!, parseSpecialTokens: true));
        }
    }

    [Theory]
    [InlineData("internlm2-reward/gqa")]
    [InlineData("internlm2-reward/mha")]
    [InlineData("internlm2-reward/rope-linear")]
    public void The_internlm2_template_gives_the_reference_ids(string folder)
    {
        var tokenizer = TokenizerFiles.Load(GoldenFiles.Folder(folder));
        var template = ChatTemplateFiles.Load(GoldenFiles.Folder(folder), "InternLM2ForRewardModel", tokenizer);
        var expected = GoldenFiles.Read(folder, "expected.json").GetProperty("samples");
        var inputs = GoldenFiles.Read(folder, "inputs.json").GetProperty("samples");
        for (var i = 0; i < inputs.GetArrayLength(); i++)
        {
            var messages = inputs[i].GetProperty("messages").EnumerateArray()
                .Select(m => new ChatMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!)).ToArray();
            Assert.Equal(inputs[i].GetProperty("prompt").GetString(), template.ToText(messages, addGenerationPrompt: false));
            Assert.Equal(Ids(expected[i].GetProperty("input_ids")), (int[])[.. template.Encode(messages, addGenerationPrompt: false), tokenizer.SpecialTokens["<|reward|>"]]);
        }
    }

    [Fact]
    public void What_people_write_never_becomes_a_special_token()
    {
        foreach (var folder in new[] { "internlm2-reward/gqa", "tokenizers/hf-bpe-qwen", "tokenizers/hf-bpe-llama3", "tokenizers/spm-bpe" })
        {
            var tokenizer = TokenizerFiles.Load(GoldenFiles.Folder(folder));
            var specials = tokenizer.SpecialTokens.Where(t => t.Key != "<think>").ToArray();   // stored as an ordinary added token
            Assert.NotEmpty(specials);
            foreach (var (spelling, id) in specials)
            {
                Assert.Contains(id, tokenizer.Encode($"a {spelling} b", parseSpecialTokens: true));
                Assert.DoesNotContain(id, tokenizer.Encode($"a {spelling} b"));
                Assert.Equal($"a {spelling} b", tokenizer.Decode(tokenizer.Encode($"a {spelling} b")));
            }
        }
    }

    [Theory]
    [InlineData("tokenizers/spm-bpe")]
    [InlineData("tokenizers/hf-bpe-llama3")]
    public void Text_arrives_token_by_token_without_a_broken_scalar(string folder)
    {
        const string Text = "naïve 😀 你好, done";
        var tokenizer = TokenizerFiles.Load(GoldenFiles.Folder(folder));
        var detokenizer = new IncrementalDetokenizer(tokenizer);
        var parts = tokenizer.Encode(Text).Select(detokenizer.Add).ToArray();
        Assert.True(parts.Length > 5);
        Assert.DoesNotContain(parts, p => p.Contains('\uFFFD') || p.Any(char.IsSurrogate) && p.EnumerateRunes().Any(r => r.Value == 0xFFFD));
        Assert.Equal(Text, string.Concat(parts) + detokenizer.Flush());
        var broken = new IncrementalDetokenizer(tokenizer);
        Assert.Equal("", string.Concat(tokenizer.Encode("😀").SkipLast(1).Select(broken.Add)));
        Assert.Equal("\uFFFD", broken.Flush());
    }

    private static void AssertSentencePiece(string folder, JsonElement cases)
    {
        var tokenizer = (SentencePieceTokenizer)TokenizerFiles.Load(folder);
        foreach (var item in cases.GetProperty("encode").EnumerateArray())
        {
            var ids = Ids(item.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.EncodeAsSentencePiece(item.GetProperty("text").GetString()!));
            Assert.Equal(item.GetProperty("decoded").GetString(), tokenizer.Decode(ids));
        }

        foreach (var item in cases.GetProperty("decode_only").EnumerateArray())
        {
            Assert.Equal(item.GetProperty("decoded").GetString(), tokenizer.Decode(Ids(item.GetProperty("ids"))));
        }
    }

    private static (string Folder, JsonElement Cases) PublishedInternLM2()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "BestOfN.sln")))
        {
            directory = directory.Parent;
        }

        var folder = Path.Combine(directory?.Parent?.FullName ?? "", "shared", "data", "internlm2-tokenizer");
        Assert.SkipUnless(Directory.Exists(folder), "third-party data: the published InternLM2 tokenizer is not part of this repository");
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        return (folder, document.RootElement.Clone());
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
