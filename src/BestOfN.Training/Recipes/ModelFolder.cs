using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Models.Networks;
using BestOfN.Models.Weights;
using static TorchSharp.torch;

namespace BestOfN.Training.Recipes;

/// <summary>Writes a trained model in the published InternLM2 layout: config.json and bfloat16 safetensors beside a tokenizer.</summary>
internal static class ModelFolder
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <param name="folder">Made if need be; each file is replaced atomically, the weights last.</param>
    /// <param name="tokenizerFolder">Where the tokenizer's files are.</param>
    /// <param name="architecture">The class that the published code would load.</param>
    /// <param name="configuration">Sizes.</param>
    /// <param name="tokens">bos, eos and pad ids, and further fields of config.json.</param>
    /// <param name="parameters">Weights by the checkpoint's names.</param>
    public static void Write(
        string folder,
        string tokenizerFolder,
        string architecture,
        DecoderConfiguration configuration,
        IReadOnlyDictionary<string, int> tokens,
        IEnumerable<KeyValuePair<string, Tensor>> parameters)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in new[] { "tokenizer.model", "tokenizer_config.json" }.Select(f => Path.Combine(tokenizerFolder, f)).Where(File.Exists))
        {
            var target = Path.Combine(folder, Path.GetFileName(file));
            if (Path.GetFullPath(target) != Path.GetFullPath(file))
            {
                AtomicFile.Write(target, File.ReadAllBytes(file));
            }
        }

        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture),
            ["model_type"] = "internlm2",
            ["vocab_size"] = configuration.VocabularySize,
            ["hidden_size"] = configuration.HiddenSize,
            ["intermediate_size"] = configuration.IntermediateSize,
            ["num_hidden_layers"] = configuration.Layers,
            ["num_attention_heads"] = configuration.Heads,
            ["num_key_value_heads"] = configuration.KeyValueHeads,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = configuration.MaxPositions,
            ["rms_norm_eps"] = configuration.NormEpsilon,
            ["rope_theta"] = configuration.RopeTheta,
            ["bias"] = false,
            ["tie_word_embeddings"] = false,
            ["torch_dtype"] = "bfloat16",
        };
        foreach (var (name, id) in tokens)
        {
            config[name] = id;
        }

        AtomicFile.Write(Path.Combine(folder, "config.json"), Encoding.UTF8.GetBytes(config.ToJsonString(s_json) + "\n"));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), parameters, ScalarType.BFloat16);
    }
}
