using System.Text.Json.Nodes;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inference.Tests.Generation;
using BestOfN.Inference.Tests.Scoring;
using BestOfN.Inference.Tests.Weights;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Networks;

/// <summary>What a config.json says and is not computed is refused by name, never left out.</summary>
[Collection(NativeMemory.Name)]
public sealed class ConfigurationFieldTests
{
    private const string Llama = "llama-seqcls/plain";

    [Theory]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("layer_types", """["sliding_attention","full_attention","full_attention","full_attention"]""")]
    [InlineData("layer_types", "[3]")]
    [InlineData("layer_types", "\"full_attention\"")]
    [InlineData("rms_norm_eps", "-0.1")]
    [InlineData("sliding_window", "16")]
    [InlineData("use_sliding_window", "true")]
    [InlineData("partial_rotary_factor", "0.5")]
    [InlineData("model_type", "\"mistral\"")]
    [InlineData("bias", "true")]
    [InlineData("embedding_multiplier", "12")]
    [InlineData("logits_scaling", "8.0")]
    [InlineData("attn_logit_softcapping", "50.0")]
    [InlineData("query_pre_attn_scalar", "256")]
    [InlineData("quantization_config", """{"quant_method":"fp8"}""")]
    [InlineData("quantization_config", """{"quant_method":"fp8","load_in_8bit":false,"load_in_4bit":false}""")]
    [InlineData("quantization_config", """{"quant_method":"bitsandbytes","load_in_8bit":true,"load_in_4bit":false}""")]
    [InlineData("num_local_experts", "8")]
    [InlineData("use_qk_norm", "true")]
    [InlineData("is_causal", "false")]
    [InlineData("normalize_reward", "true")]
    public void A_field_that_changes_the_scores_and_is_not_computed_is_refused_by_name(string field, string value)
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c => c[field] = JsonNode.Parse(value));
        var error = Assert.Throws<CheckpointException>(() => Load(folder).Dispose());
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
        Assert.Contains(ModelInspector.Inspect(folder.Path).Problems, p => p.Contains(field, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("hidden_act", "\"swish\"")]
    [InlineData("layer_types", """["full_attention","full_attention","full_attention","full_attention"]""")]
    [InlineData("sliding_window", "null")]
    [InlineData("sliding_window", "131072")]
    [InlineData("pretraining_tp", "2")]
    [InlineData("partial_rotary_factor", "1.0")]
    [InlineData("quantization_config", "null")]
    [InlineData("quantization_config", """{"quant_method":"bitsandbytes","load_in_8bit":false,"load_in_4bit":false}""")]
    [InlineData("rope_scaling", "{}")]
    [InlineData("rope_scaling", """{"rope_type":"default","rope_theta":500000.0}""")]
    [InlineData(
        "rope_parameters",
        """{"full_attention":{"rope_type":"default","rope_theta":500000.0},"""
        + """ "sliding_attention":{"rope_type":"default","rope_theta":1.0}}""")]
    public void A_field_that_changes_nothing_is_taken(string field, string value)
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c => c[field] = JsonNode.Parse(value));
        Assert.Equal(Score(null), Score(folder));
    }

    [Theory]
    [InlineData("""{"rope_scaling":{"rope_type":"linear","factor":4.0},"rope_parameters":{"rope_type":"default","rope_theta":500000.0}}""")]
    [InlineData("""{"rope_scaling":{"type":"linear","factor":4.0,"rope_theta":500000.0},"rope_theta":1.0}""")]
    [InlineData("""{"rope_parameters":{"rope_type":"linear","factor":4.0,"rope_theta":500000.0},"rope_theta":null}""")]
    public void Rope_scaling_wins_over_rope_parameters_and_its_theta_over_others(string fields)
    {
        using var expected = new CheckpointFolder(Llama);
        expected.ChangeConfiguration(c => c["rope_scaling"] = JsonNode.Parse("""{"rope_type":"linear","factor":4.0}"""));
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c =>
        {
            foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
            {
                c[name] = value?.DeepClone();
            }
        });
        Assert.Equal(Score(expected), Score(folder));
        Assert.NotEqual(Score(null), Score(folder));
    }

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":4.0}""", "yarn")]
    [InlineData("""{"rope_type":"linear","factor":4.0,"attention_factor":0.5}""", "attention_factor")]
    [InlineData("""{"rope_type":"linear","type":"dynamic","factor":4.0}""", "dynamic")]
    [InlineData("""{"type":"default","mrope_section":[16,24,24]}""", "mrope_section")]
    [InlineData("""{"factor":4.0}""", "factor")]
    [InlineData("""{"rope_type":"linear","factor":0}""", "factor")]
    public void Rope_scaling_that_is_not_computed_is_refused_by_name(string scaling, string says)
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c => c["rope_scaling"] = JsonNode.Parse(scaling));
        Assert.Contains(says, Assert.Throws<CheckpointException>(() => Load(folder).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scaling_that_would_drop_the_theta_of_rope_parameters_is_refused()
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c =>
        {
            c.Remove("rope_theta");
            c["rope_parameters"] = JsonNode.Parse("""{"rope_type":"default","rope_theta":500000.0}""");
            c["rope_scaling"] = JsonNode.Parse("""{"rope_type":"linear","factor":4.0}""");
        });
        Assert.Contains("rope_theta", Assert.Throws<CheckpointException>(() => Load(folder).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_that_the_configuration_does_not_know_are_refused()
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c => c["num_hidden_layers"] = 3);
        Assert.Contains(
            "model.layers.3.", Assert.Throws<CheckpointException>(() => Load(folder).Dispose()).Message, StringComparison.Ordinal);
        Assert.Contains(ModelInspector.Inspect(folder.Path).Problems, p => p.Contains("model.layers.3.", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_reward_heads_and_an_adapter_beside_the_weights_are_refused()
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeHeader(h => h["v_head.weight"] = new JsonObject
        {
            ["dtype"] = "F32",
            ["shape"] = new JsonArray(0, 32),
            ["data_offsets"] = new JsonArray(0, 0),
        });
        Assert.Contains(
            "v_head and score", Assert.Throws<CheckpointException>(() => Load(folder).Dispose()).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("adapter_config.json"), "{}");
        Assert.Contains(
            "adapter_config.json", Assert.Throws<CheckpointException>(() => Load(folder).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_of_published_models_that_change_nothing_are_not_told()
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c =>
        {
            // HuggingFaceTB/SmolLM2-135M-Instruct
            c["is_llama_config"] = true;
            c["rope_interleaved"] = false;
            c["transformers.js_config"] = JsonNode.Parse("""{"kv_cache_dtype":{"q4f16":"float16","fp16":"float16"}}""");
        });
        using var network = Load(folder);
        Assert.Empty(network.Assumptions);
    }

    [Fact]
    public void Unknown_fields_and_program_code_of_a_folder_are_told()
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c =>
        {
            c["zebra_factor"] = 3;
            c["auto_map"] = new JsonObject { ["AutoModel"] = "modeling.Zebra" };
        });
        var assumptions = ModelInspector.Inspect(folder.Path).Assumptions;
        Assert.Contains(assumptions, a => a.Contains("zebra_factor", StringComparison.Ordinal));
        Assert.Contains(assumptions, a => a.StartsWith("auto_map", StringComparison.Ordinal));
        Assert.Empty(ModelInspector.Inspect(GoldenFiles.Folder(Llama)).Assumptions);
    }

    [Fact]
    public void The_fields_of_published_folders_are_all_known()
    {
        using var folder = new CheckpointFolder(Llama);
        var published = JsonNode.Parse("""
            {"_name_or_path": "x/y", "attention_dropout": 0.0, "eos_token_id": [1, 2, 3], "initializer_range": 0.02,
             "label2id": {"LABEL_0": 0},
             "pretraining_tp": 1, "torch_dtype": "bfloat16",
             "transformers_version": "4.44.2", "use_cache": false, "attn_implementation": "flash_attention_2", "max_window_layers": 28,
             "sliding_window": 4096, "use_sliding_window": false,
             "problem_type": "regression", "partial_rotary_factor": null, "quantization_config": null}
            """)!.AsObject();
        folder.ChangeConfiguration(c =>
        {
            foreach (var (name, value) in published)
            {
                c[name] = value?.DeepClone();
            }
        });
        Assert.Empty(ModelInspector.Inspect(folder.Path).Assumptions);
        Assert.Equal(Score(null), Score(folder));
        folder.ChangeConfiguration(c => c["pad_token_id"] = 3);
        Assert.Contains("pad_token_id 3", Assert.Single(ModelInspector.Inspect(folder.Path).Assumptions), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer", "<|reward|>")]
    [InlineData("name", "_name_or_path")]
    [InlineData("neither", null)]
    public void A_model_that_needs_a_reference_answer_is_refused(string sign, string? says)
    {
        using var folder = new CheckpointFolder("internlm2-reward/gqa");
        File.Copy(Path.Combine(GoldenFiles.Folder("tokenizers/spm-bpe"), "tokenizer.model"), folder.File("tokenizer.model"));
        File.WriteAllText(folder.File("tokenizer_config.json"),
            "{\"added_tokens_decoder\": {\"" + (sign == "tokenizer" ? 300 : 3) + "\": {\"content\": \"<|reward|>\", \"special\": true}}}");
        folder.ChangeConfiguration(c => c["_name_or_path"] = sign == "name" ? "/data/POLAR-7B-mine" : "/data/polaroid");
        var polar = ModelInspector.Inspect(folder.Path).Problems.Where(p => p.Contains("POLAR", StringComparison.Ordinal));
        if (says is null)
        {
            Assert.Empty(polar);
            return;
        }

        Assert.Contains(says, Assert.Single(polar), StringComparison.Ordinal);
        using var worker = new DeviceWorker(CPU);
        Assert.Contains(
            says, Assert.Throws<CheckpointException>(() => ScoringEngine.Load("polar", folder.Path,
                ScalarType.Float32, worker, new ScoringOptions())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(399, new[] { 5, 6, 399, 7 }, new[] { 5, 6, 399, 7 })]
    [InlineData(7, new[] { 5, 6, 7, 8, 7, 7 }, new[] { 5, 6, 7, 8 })]
    [InlineData(7, new[] { 7, 7 }, new[] { 7 })]
    [InlineData(-1, new[] { 5, 7 }, new[] { 5, 7 })]
    [InlineData(null, new[] { 5, 7, 7 }, new[] { 5, 7, 7 })]
    public async Task A_classifier_reads_the_last_token_that_does_not_pad(int? pad, int[] ids, int[] read)
    {
        using var folder = new CheckpointFolder(Llama);
        folder.ChangeConfiguration(c => c["pad_token_id"] = pad);
        using var worker = new DeviceWorker(CPU);
        var network = Load(folder);
        var encoder = new ConversationEncoder((_, _) => ids, new LetterTokenizer(), [], false, null, network.PadTokenId);
        using var engine = new ScoringEngine("tiny", network, encoder, worker, new ScoringOptions());
        await using var session = engine.Begin([]);
        var expected = await worker.RunAsync(() => ReferenceScores.AtLast(engine.Network, read), TestContext.Current.CancellationToken);
        var rewards = await session.RewardAsync([new Answer(0, "")], TestContext.Current.CancellationToken);
        Assert.Equal(expected, rewards[0].Score, 1e-4);
        rewards = await session.RewardAsync([ids], TestContext.Current.CancellationToken);
        Assert.Equal(expected, rewards[0].Score, 1e-4);
    }

    private static RewardNetwork Load(CheckpointFolder folder) => NetworkLoader.RewardNetwork(folder.Path, ScalarType.Float32, CPU);

    private static float Score(CheckpointFolder? folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = folder is null ? NetworkLoader.RewardNetwork(GoldenFiles.Folder(Llama), ScalarType.Float32, CPU) : Load(folder);
        return ReferenceScores.AtLast(network, [5, 6, 7, 8, 9, 10, 11, 12]);
    }
}
