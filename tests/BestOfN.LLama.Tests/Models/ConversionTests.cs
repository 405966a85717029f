using BestOfN.Inference.Folders;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Gguf;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using BestOfN.LLama.Models;
using BestOfN.Testing;
using LLama.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.LLama.Tests.Models;

/// <summary>A converted file gives the same tokens and, within what its type rounds away, the same logits as the folder.</summary>
public sealed class ConversionTests
{
    private static readonly string[] s_texts =
    [
        "How much is 12 + 30?", " two  blanks ", "línea\nnueva\t\u00e9 e\u0301", "漢字かな한국어 😀👩‍👩‍👧", "<|im_start|>user</s><|im_end|>",
        "a", "\u0001\u0002", "1234567", "don't they'll", "", "  \n\n  x",
    ];

    [Theory]
    [InlineData("f32", 1e-4)]
    [InlineData("f16", 0.02)]
    [InlineData("bf16", 0.1)]
    [InlineData("q8_0", 0.6)]
    public void Logits_of_the_pocket_generator_are_those_of_the_folder(string type, double tolerance)
    {
        TestModels.SkipWithoutLlama();
        var ids = Prompt();
        var expected = LogitsOfFolder(TestModels.PocketGenerator, ids);
        var found = Logits(TestModels.Pocket(type), ids);
        Assert.InRange(LargestDifference(expected, found), 0, tolerance);
    }

    [Theory]
    [InlineData("llama-seqcls/plain")]
    [InlineData("llama-seqcls/llama3-rope")]
    [InlineData("qwen2-seqcls/plain")]
    [InlineData("qwen3-seqcls/plain")]
    [InlineData("internlm2-reward/gqa")]
    [InlineData("internlm2-reward/mha")]
    [InlineData("internlm2-reward/rope-linear")]
    [InlineData("qwen2-rm/two-layer-head")]
    public void Hidden_states_of_every_family_are_those_of_the_reference(string folder)
    {
        TestModels.SkipWithoutLlama();
        using var guard = inference_mode();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        var expected = GoldenFiles.Read(folder, "expected.json").GetProperty("samples");
        var inputs = folder.StartsWith("internlm2", StringComparison.Ordinal) ? expected
            : GoldenFiles.Read(folder, "inputs.json").GetProperty("samples");
        using var model = LoadExact(TestModels.Golden(folder), readsStates: true);
        for (var i = 0; i < expected.GetArrayLength(); i++)
        {
            var ids = GoldenFiles.Ids(inputs[i]);
            var batch = new LLamaBatch();
            for (var p = 0; p < ids.Length; p++)
            {
                batch.Add((int)ids[p], p, LLamaSeqId.Zero, logits: true);
            }

            model.Context.MemoryClear(true);
            Assert.Equal(DecodeResult.Ok, model.Context.Decode(batch));
            using var state = tensor(model.Context.GetEmbeddingsIth(ids.Length - 1).ToArray()).unsqueeze(0);
            Assert.Equal(expected[i].GetProperty("reward").GetSingle(), network.Head.Score(state).item<float>(), 1e-4f);
        }
    }

    [Theory]
    [InlineData("tokenizers/hf-bpe-llama3", "Llama")]
    [InlineData("tokenizers/hf-bpe-qwen", "Qwen2")]
    [InlineData(null, "")]
    public void Texts_become_the_same_tokens(string? golden, string architecture)
    {
        TestModels.SkipWithoutLlama();
        var folder = golden is null ? TestModels.PocketGenerator : GoldenFiles.Folder(golden);
        var ours = TokenizerFiles.Load(folder);
        var path = golden is null ? TestModels.Pocket() : VocabularyFile(ours, architecture);
        using var weights = global::LLama.LLamaWeights.LoadFromFile(new global::LLama.Common.ModelParams(path) { VocabOnly = true });
        var theirs = new GgufTokenizer(weights.NativeHandle, GgufFile.Open(path));
        foreach (var text in s_texts)
        {
            Assert.Equal(ours.Encode(text), theirs.Encode(text));
        }

        Assert.Equal((ours.BosId, ours.EosId), (theirs.BosId, theirs.EosId));
        for (var id = 0; id < ours.VocabularySize; id++)
        {
            Assert.Equal(Convert.ToHexString(ours.BytesOf(id)), Convert.ToHexString(theirs.BytesOf(id)));
        }
    }

    [Fact]
    public void Chat_template_and_end_tokens_are_those_of_the_folder()
    {
        TestModels.SkipWithoutLlama();
        var tokenizer = TokenizerFiles.Load(TestModels.PocketGenerator);
        var template = ChatTemplate.Load(TestModels.PocketGenerator, "InternLMXComposer2ForCausalLM", tokenizer);
        Core.Prompts.ChatMessage[] talk =
            [new("system", "Be brief."), new("user", "1 <|im_end|> 2"), new("assistant", "3"), new("user", "?")];
        using var model = LoadExact(TestModels.Pocket());
        Assert.Equal(template.Encode(talk, true), model.Template(null).Encode(talk, true));
        Assert.Equal(EndTokens.Of(TestModels.PocketGenerator, [], tokenizer, template), model.Tokenizer.EndTokenIds.Order());
    }

    [Fact]
    public void A_file_that_exists_is_not_written_over_and_a_stop_leaves_nothing()
    {
        using var conversion = GgufConversion.Open(TestModels.PocketGenerator, "f32");
        var path = TestModels.NewPath("model.gguf");
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => conversion.Write(path, "", new Stop(stop), stop.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!));
        File.WriteAllText(path, "mine");
        Assert.Throws<CheckpointException>(() => conversion.Write(path, "", null, TestContext.Current.CancellationToken));
        Assert.Equal("mine", File.ReadAllText(path));
    }

    [Fact]
    public void A_network_that_llama_cpp_does_not_compute_is_refused_by_the_name_of_its_field()
    {
        var folder = GoldenFiles.Folder("ixc25-reward/rope-dynamic");
        var refusal = Assert.Throws<CheckpointException>(() => GgufConversion.Open(folder, "f32"));
        Assert.Contains("rope_scaling: expected none, linear or llama3, found dynamic", refusal.Message, StringComparison.Ordinal);
    }

    internal static GgufModel LoadExact(string path, bool readsStates = false) =>
        GgufModel.Load(GgufFile.Open(path), new(512, 8, 256, IsExact: true, "cpu", readsStates));

    private static int[] Prompt()
    {
        var tokenizer = TokenizerFiles.Load(TestModels.PocketGenerator);
        var template = ChatTemplate.Load(TestModels.PocketGenerator, "InternLMXComposer2ForCausalLM", tokenizer);
        return [.. template.Encode([new("user", "How much is 12 + 30?")], true)];
    }

    private static float[][] LogitsOfFolder(string folder, int[] ids)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var model = NetworkLoader.LanguageModel(folder, ScalarType.Float32, CPU);
        var rows = new List<float[]>();
        for (var length = 1; length <= ids.Length; length++)
        {
            rows.Add(LastLogits(model, ids[..length]));
        }

        return [.. rows];
    }

    private static float[] LastLogits(LanguageModel model, int[] ids)
    {
        using var scope = NewDisposeScope();
        var sequence = new Inputs.Decoding.TokenSequence(Inputs.Decoding.TokenSampling.Greedy, 0, alternatives: 20);
        using var batch = new SequenceBatch(model);
        batch.Add([(ids, [sequence])], 1);
        while (batch.Prefill(512).Count == 0)
        {
        }

        var logprobs = new float[model.Decoder.Configuration.VocabularySize];
        Array.Fill(logprobs, float.NaN);
        foreach (var alternative in sequence.Drawn[0].Alternatives)
        {
            logprobs[alternative.Id] = alternative.Logprob;
        }

        return logprobs;
    }

    private static float[][] Logits(string path, int[] ids)
    {
        using var model = LoadExact(path);
        var batch = new LLamaBatch();
        for (var p = 0; p < ids.Length; p++)
        {
            batch.Add(ids[p], p, LLamaSeqId.Zero, logits: true);
        }

        Assert.Equal(DecodeResult.Ok, model.Context.Decode(batch));
        return [.. ids.Select((_, p) =>
        {
            var logits = model.Context.GetLogitsIth(p).ToArray();
            var all = Math.Log(logits.Sum(l => Math.Exp(l)));
            return Array.ConvertAll(logits, l => (float)(l - all));
        })];
    }

    /// <summary>Over the most probable tokens of every position, as log-probabilities.</summary>
    private static double LargestDifference(float[][] expected, float[][] found) =>
        expected.Zip(found).Max(row => row.First.Zip(row.Second).Where(p => !float.IsNaN(p.First)).Max(p => Math.Abs(p.First - p.Second)));

    internal static string VocabularyFile(ITokenizer tokenizer, string architecture, string? pre = null)
    {
        var path = TestModels.NewPath("vocabulary.gguf");
        List<KeyValuePair<string, object>> fields =
        [
            new("general.architecture", architecture.ToLowerInvariant()), .. GgufVocabulary.Of(tokenizer, tokenizer.VocabularySize + 3, ""),
        ];
        var name = architecture.ToLowerInvariant();
        foreach (var (key, value) in ((string, object)[])
            [("context_length", 64u), ("embedding_length", 8u), ("block_count", 1u), ("feed_forward_length", 8u),
                ("attention.head_count", 2u), ("attention.layer_norm_rms_epsilon", 1e-5f)])
        {
            fields.Add(new($"{name}.{key}", value));
        }

        fields = [.. fields.Select(f => f.Key == "tokenizer.ggml.pre" && pre is not null ? new(f.Key, (object)pre) : f)];
        GgufWriter.Write(path, fields, [new("output_norm.weight", GgufType.F32, [8])], (_, file) => file.Write(new byte[32]));
        return path;
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<long>
    {
        public void Report(long value) => source.Cancel();
    }
}
