using System.Text.Json;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Gguf;
using BestOfN.LLama.Generation;
using BestOfN.LLama.Models;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Generation;

/// <summary>The weights of a model of this process as a GGUF file, and batches of llama.cpp over it.</summary>
internal sealed class LlamaFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-benchmark-").FullName;
    private readonly List<GgufModel> _models = [];

    /// <param name="model">A Llama.</param>
    /// <param name="type">float32 or bfloat16, of the matrices in the file.</param>
    public LlamaFile(LanguageModel model, ScalarType type)
    {
        var c = model.Decoder.Configuration;
        File.WriteAllText(Path.Combine(_folder, "config.json"), JsonSerializer.Serialize(new
        {
            architectures = new[] { "LlamaForCausalLM" },
            model_type = "llama",
            vocab_size = c.VocabularySize,
            hidden_size = c.HiddenSize,
            intermediate_size = c.IntermediateSize,
            num_hidden_layers = c.Layers,
            num_attention_heads = c.Heads,
            num_key_value_heads = c.KeyValueHeads,
            rms_norm_eps = c.NormEpsilon,
            rope_theta = c.RopeTheta,
            max_position_embeddings = c.MaxPositions,
        }));
        SafetensorsWriter.Write(
            Path.Combine(_folder, "model.safetensors"), model.Decoder.Parameters.Append(new("lm_head.weight", model.Head)), type);
        using var conversion = GgufConversion.Open(_folder, type == ScalarType.Float32 ? "f32" : "bf16", hasTokenizer: false);
        conversion.Write(FilePath, "", null, default);
    }

    private string FilePath => Path.Combine(_folder, "model.gguf");

    /// <summary>An empty batch with a context of its own, in llama.cpp's default settings.</summary>
    public ISequenceBatch Batch(int sequences, int prompt, int answer)
    {
        var tokens = prompt + (sequences * answer) + 256;
        var model = GgufModel.Load(GgufFile.Open(FilePath), new(tokens, sequences, 512, IsExact: false, "cpu"));
        _models.Add(model);
        return new GgufSequenceBatch(model, sequences);
    }

    public void Dispose()
    {
        _models.ForEach(m => m.Dispose());
        Directory.Delete(_folder, recursive: true);
    }
}
