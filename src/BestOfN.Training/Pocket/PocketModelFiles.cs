using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Inference.Weights;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>
/// Writes a trained model in the published InternLM-XComposer2 layout: config.json and bfloat16 safetensors beside a tokenizer.
/// </summary>
internal static class PocketModelFiles
{
    /// <summary>The class that the published code would load.</summary>
    /// <remarks>InternLM-XComposer2 has one for generators and reward models alike: their heads tell them apart.</remarks>
    public static string Architecture(VisionShape? vision, bool isReward) =>
        vision is not null ? "InternLMXComposer2ForCausalLM" : isReward ? "InternLM2ForRewardModel" : "InternLM2ForCausalLM";

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <param name="folder">Where to.</param>
    /// <param name="tokenizerFolder">Where the tokenizer's files are.</param>
    /// <param name="model">Sizes.</param>
    /// <param name="tokens">bos, eos and pad ids, and further fields of config.json.</param>
    /// <param name="parameters">Weights by the checkpoint's names.</param>
    public static void Write(
        string folder,
        string tokenizerFolder,
        VisionLanguageDecoder model,
        IReadOnlyDictionary<string, int> tokens,
        IEnumerable<KeyValuePair<string, Tensor>> parameters)
    {
        var configuration = model.Decoder.Configuration;
        foreach (var file in new[] { "tokenizer.model", "tokenizer_config.json" })
        {
            File.Copy(Path.Combine(tokenizerFolder, file), Path.Combine(folder, file));
        }

        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(Architecture(model.Vision, tokens.ContainsKey("reward_token_id"))),
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
        if (model.Vision is { } vision)
        {
            config["plora_r"] = vision.PloraR;
            config["plora_alpha"] = vision.PloraR;
            config["hd_num"] = vision.HdNum;
            config["max_length"] = configuration.MaxPositions;
            config["vision_config"] = new JsonObject
            {
                ["hidden_size"] = vision.HiddenSize,
                ["intermediate_size"] = vision.IntermediateSize,
                ["num_hidden_layers"] = vision.NumHiddenLayers,
                ["num_attention_heads"] = vision.NumAttentionHeads,
                ["image_size"] = vision.ImageSize,
                ["patch_size"] = vision.PatchSize,
                ["hidden_act"] = "quick_gelu",
                ["layer_norm_eps"] = 1e-5,
            };
        }

        foreach (var (name, id) in tokens)
        {
            config[name] = id;
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString(s_json) + "\n");
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), parameters, ScalarType.BFloat16);
    }
}
