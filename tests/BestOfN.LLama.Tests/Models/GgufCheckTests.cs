using BestOfN.Inputs.Gguf;
using BestOfN.LLama.Generation;
using BestOfN.LLama.Models;
using BestOfN.LLama.Runtime;

namespace BestOfN.LLama.Tests.Models;

/// <summary>What no generator can be made of is refused with a sentence, before llama.cpp could end the process.</summary>
public sealed class GgufCheckTests
{
    [Fact]
    public void A_converted_model_is_accepted()
    {
        TestModels.SkipWithoutLlama();
        Assert.Null(GgufCheck.GeneratorProblem(TestModels.Pocket()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(500)]
    [InlineData(20_000)]
    [InlineData(1_000_000)]
    public void A_file_that_is_cut_off_is_refused(int length)
    {
        TestModels.SkipWithoutLlama();
        var path = TestModels.NewPath("cut.gguf");
        File.WriteAllBytes(path, File.ReadAllBytes(TestModels.Pocket())[..length]);
        Assert.Contains(length < 4 ? "expected a GGUF file" : "cut off", GgufCheck.GeneratorProblem(path), StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => GgufGenerator.Load(path, new()));
    }

    [Theory]
    [InlineData("general.architecture", "clip", "makes embeddings (clip)")]
    [InlineData("general.architecture", "nosuch", "unknown model architecture: 'nosuch'")]
    [InlineData("general.type", "mmproj", "general.type: expected model, found mmproj")]
    [InlineData("internlm2.attention.causal", false, "makes embeddings (internlm2)")]
    [InlineData("internlm2.pooling_type", 3u, "makes embeddings (internlm2.pooling_type)")]
    [InlineData("internlm2.pooling_type", 4u, "ranks texts")]
    [InlineData("split.count", 2u, "one of 2 parts")]
    [InlineData("tokenizer.ggml.model", "no_vocab", "no tokenizer")]
    [InlineData("tokenizer.ggml.model", "nosuch", "unknown tokenizer")]
    [InlineData("tokenizer.chat_template", null, "no chat template")]
    [InlineData("tokenizer.chat_template", "{% for %}", "tokenizer.chat_template")]
    public void A_file_of_another_kind_is_refused(string key, object? value, string message)
    {
        TestModels.SkipWithoutLlama();
        Assert.Contains(message, GgufCheck.GeneratorProblem(Changed(key, value)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_a_text_and_a_pointer_are_refused()
    {
        var path = TestModels.NewPath("text.gguf");
        Assert.Contains("there is no file", GgufCheck.GeneratorProblem(path), StringComparison.Ordinal);
        File.WriteAllText(path, "not a model");
        Assert.Contains("expected a GGUF file", GgufCheck.GeneratorProblem(path), StringComparison.Ordinal);
        File.WriteAllText(path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        Assert.Contains("Git LFS pointer", GgufCheck.GeneratorProblem(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Spoilt_heads_are_read_or_refused_and_nothing_else()
    {
        var head = File.ReadAllBytes(TestModels.Pocket())[..40_000];
        var path = TestModels.NewPath("spoilt.gguf");
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var spoilt = (byte[])head.Clone();
            for (var i = 0; i < 1 + (seed % 8); i++)
            {
                spoilt[random.Next(seed % 2 == 0 ? 400 : head.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(path, spoilt);
            Assert.ThrowsAny<InvalidDataException>(() => GgufFile.Open(path));
        }
    }

    [Fact]
    public void A_context_that_llama_cpp_refuses_is_an_exception_and_no_handle_that_ends_the_process()
    {
        TestModels.SkipWithoutLlama();
        var file = GgufFile.Open(TestModels.Pocket());
        var error = Assert.Throws<LlamaException>(() => GgufModel.Load(file, new(512, 1000, 256, IsExact: false, "cpu")));
        Assert.Contains("cannot make a context of 512 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_beyond_the_memory_is_refused_at_once()
    {
        TestModels.SkipWithoutLlama();
        var file = GgufFile.Open(TestModels.Pocket());
        var error = Assert.Throws<LlamaException>(() => GgufModel.Load(file, new(2_000_000_000, 1, 256, IsExact: false, "cpu")));
        Assert.Contains("2000000000 tokens need", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("2000000000 tokens need", GgufCheck.ContextProblem(file.Path, 2_000_000_000, isExact: false));
        Assert.Null(GgufCheck.ContextProblem(file.Path, 4096, isExact: false));
    }

    [Fact]
    public void A_device_that_this_build_does_not_know_is_refused()
    {
        TestModels.SkipWithoutLlama();
        Assert.SkipWhen(LlamaLibrary.Load() == "cuda12", "This build computes on CUDA devices.");
        var error = Assert.Throws<LlamaException>(() => GgufGenerator.Load(TestModels.Pocket(), new() { Device = "cuda" }));
        Assert.Contains("computes on the CPU only", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The pocket generator's file with another value of a field, or without it.</summary>
    private static string Changed(string key, object? value)
    {
        var source = TestModels.Pocket();
        using var conversion = Inference.Folders.GgufConversion.Open(TestModels.PocketGenerator, "f32");
        var path = TestModels.NewPath("changed.gguf");
        var fields = conversion.Fields.Where(f => f.Key != key).ToList();
        if (value is not null)
        {
            fields.Add(new(key, value));
        }

        var file = GgufFile.Open(source);
        GgufWriter.Write(path, fields, file.Tensors, (tensor, stream) => stream.Write(new byte[tensor.Length!.Value]));
        return path;
    }
}
