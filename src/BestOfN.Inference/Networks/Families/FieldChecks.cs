using System.Text.Json;
using BestOfN.Inference.Weights;

namespace BestOfN.Inference.Networks.Families;

/// <summary>Decides about every field of a config.json: it is read elsewhere, it cannot change a score, or the folder is refused.</summary>
/// <remarks>A field that none of the lists names is told as an assumption, for nobody can know what it means.</remarks>
internal static class FieldChecks
{
    // Read by the loaders of networks, encoders and conversions.
    private static readonly HashSet<string> s_read =
    [
        "architectures", "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters", "max_position_embeddings",
        "original_max_position_embeddings", "bias", "attention_bias", "mlp_bias", "tie_word_embeddings", "id2label", "num_labels",
        "pad_token_id", "eos_token_id", "reward_token_id", "step_token_id", "plora_r", "plora_alpha", "vision_config", "hd_num",
        "max_length", "torch_dtype", "dtype", "initializer_range",
    ];

    // Concern training, speed, storage, text generation or the names of things. pretraining_tp cuts a product into slices whose sum is the
    // same.
    private static readonly HashSet<string> s_irrelevant =
    [
        "_name_or_path", "name_or_path", "_attn_implementation_autoset", "_commit_hash", "attn_implementation", "_attn_implementation",
        "transformers_version", "use_cache", "pretraining_tp", "attention_dropout", "hidden_dropout", "hidden_dropout_prob",
        "attention_probs_dropout_prob", "classifier_dropout", "dropout", "embd_pdrop", "attn_pdrop", "resid_pdrop", "summary_first_dropout",
        "bos_token_id", "sep_token_id", "cls_token_id", "decoder_start_token_id", "unk_token_id", "label2id", "problem_type",
        "finetuning_task", "return_dict", "output_hidden_states", "output_attentions", "use_return_dict", "torchscript", "tf_legacy_loss",
        "use_bfloat16", "max_window_layers", "reward_token", "task_specific_params", "keys_to_ignore_at_inference",
        "gradient_checkpointing", "max_sequence_length", "model_max_length", "seq_length", "tokenizer_class", "prefix", "license",
        "rope_theta_base", "chunk_size_feed_forward", "do_sample", "temperature", "top_k", "top_p", "typical_p", "num_beams",
        "num_beam_groups", "repetition_penalty", "length_penalty", "min_length", "early_stopping", "diversity_penalty",
        "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "output_scores",
        "return_dict_in_generate", "forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values",
        "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "pruned_heads", "is_decoder", "unsloth_version",
        "unsloth_fixed", "use_unsloth", "save_model_dtype", "default_label", "train_dtype", "loss_type", "img_size", "auto_map",
        "value_head_prefix", "num_key_value_groups", "is_llama_config", "transformers.js_config",
    ];

    // Fields that change what is computed, and the only values with which nothing changes.
    private static readonly Dictionary<string, string[]> s_computing = new()
    {
        ["hidden_act"] = ["\"silu\"", "\"swish\""],
        ["hidden_activation"] = ["\"silu\"", "\"swish\""],
        ["partial_rotary_factor"] = ["1"],
        ["rotary_pct"] = ["1"],
        ["rope_pct"] = ["1"],
        ["rope_ratio"] = ["1"],
        ["embedding_multiplier"] = ["1"],
        ["residual_multiplier"] = ["1"],
        ["logits_scaling"] = ["1"],
        ["logit_scale"] = ["1"],
        ["lm_head_multiplier"] = ["1"],
        ["key_multiplier"] = ["1"],
        ["scale_emb"] = ["1"],
        ["is_causal"] = ["true"],
        ["position_embedding_type"] = ["\"rope\"", "\"rotary\""],
        ["norm_type"] = ["\"rmsnorm\"", "\"rms_norm\""],
    };

    // Names that other families have for rms_norm_eps.
    private static readonly string[] s_otherEpsilons =
        ["layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "norm_eps", "norm_epsilon"];

    private static readonly string[] s_neverComputed =
    [
        "use_sliding_window", "attention_multiplier", "scale_depth", "dim_model_base", "attn_logit_softcapping", "final_logit_softcapping",
        "logits_soft_cap", "query_pre_attn_scalar", "quantization_config", "compression_config", "is_encoder_decoder",
        "add_cross_attention", "cross_attention_hidden_size", "use_bidirectional_attention", "bidirectional", "num_experts",
        "num_local_experts", "n_routed_experts", "n_shared_experts", "num_experts_per_tok", "moe_intermediate_size",
        "shared_expert_intermediate_size", "qk_norm", "use_qk_norm", "qk_layernorm", "use_parallel_residual", "parallel_attn", "clip_qkv",
        "use_bias", "qkv_bias", "attn_bias", "use_qkv_bias", "add_bias_linear", "alibi", "use_alibi", "no_rope_layers",
        "no_rope_layer_interval", "attention_chunk_size", "attn_temperature_tuning", "sandwich_norm", "text_config", "audio_config",
        "mlp_multiplier", "ssm_multipliers", "embedding_size", "word_embed_proj_dim", "num_nextn_predict_layers", "ffn_multiplier",
        "rope_interleaved", "rope_interleave", "use_mrope", "mrope_section", "use_logn_attn", "use_dynamic_ntk", "attention_sink",
        "use_attention_sinks", "layer_scale", "tie_encoder_decoder", "normalize_reward", "pooling_type",
    ];

    /// <exception cref="CheckpointException">A field asks for what is not computed.</exception>
    public static void Refuse(DecoderFamily family, ModelConfiguration c)
    {
        if (c.Text("model_type") is { } type && !family.ModelTypes.Contains(type))
        {
            throw new CheckpointException(
                $"{c.FilePath}: model_type: expected {string.Join(" or ", family.ModelTypes)} with architecture {c.Architecture}, "
                + $"found {type}.");
        }

        foreach (var (field, value) in c.Fields)
        {
            if (s_computing.TryGetValue(field, out var harmless) && !IsOneOf(value, harmless))
            {
                throw Uncomputed(c, field, value, string.Join(" or ", harmless).Replace("\"", "", StringComparison.Ordinal));
            }

            if (s_neverComputed.Contains(field) && !IsNothing(value) && !(field is "quantization_config" && QuantizesNothing(value)))
            {
                throw Uncomputed(c, field, value, "null or false");
            }

            if (s_otherEpsilons.Contains(field) && !c.Has("rms_norm_eps"))
            {
                throw Uncomputed(c, field, value, "rms_norm_eps in its place");
            }

            if (field is "bias" or "attention_bias" or "mlp_bias" && !family.BiasFields.Contains(field)
                && value.ValueKind == JsonValueKind.True)
            {
                throw Uncomputed(c, field, value, "false");
            }
        }

        if (c.Value("layer_types") is { } layers && !(layers.ValueKind == JsonValueKind.Array
            && layers.EnumerateArray().All(l => l.ValueKind == JsonValueKind.String && l.ValueEquals("full_attention"))))
        {
            throw Uncomputed(c, "layer_types", layers, "full_attention alone");
        }

        // The published classes of Qwen look at the window only where use_sliding_window says so; where nobody says anything, nobody knows.
        if (c.Value("sliding_window") is { } window && !c.Has("use_sliding_window")
            && !(window.ValueKind == JsonValueKind.Number && c.Has("max_position_embeddings")
                && window.GetDouble() >= c.Number("max_position_embeddings")))
        {
            throw Uncomputed(c, "sliding_window", window, "null, or use_sliding_window: false beside it");
        }
    }

    /// <summary>What a folder holds beside what is computed, one sentence each.</summary>
    public static IEnumerable<string> Assumptions(DecoderFamily family, ModelConfiguration c)
    {
        if (c.Has("auto_map") && !family.PublishedAsCode && !c.Architecture.EndsWith("RewardModel", StringComparison.Ordinal))
        {
            yield return $"auto_map: the folder's own program code is not run; computed as {c.Architecture} is in transformers";
        }

        var unknown = c.Fields.Where(f => f.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False)).Select(f => f.Name)
            .Where(f => !s_read.Contains(f) && !s_irrelevant.Contains(f) && !s_computing.ContainsKey(f) && !s_neverComputed.Contains(f)
                && !s_otherEpsilons.Contains(f) && f is not ("layer_types" or "sliding_window"))
            .Where(f => !f.StartsWith('_') && !f.EndsWith("_dropout", StringComparison.Ordinal)).ToArray();
        if (unknown.Length > 0)
        {
            yield return $"fields of config.json that are not known and not looked at: {string.Join(", ", unknown)}";
        }
    }

    private static bool IsNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Number => value.GetDouble() == 0,
        _ => false,
    };

    /// <summary>A configuration of bitsandbytes that was saved with both of its switches off.</summary>
    private static bool QuantizesNothing(JsonElement configuration)
    {
        bool IsOff(string name) => configuration.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.False;
        return configuration.ValueKind is JsonValueKind.Object && IsOff("load_in_8bit") && IsOff("load_in_4bit")
            && (!configuration.TryGetProperty("quant_method", out var method) || IsOneOf(method, ["\"bitsandbytes\""]));
    }

    private static bool IsOneOf(JsonElement value, string[] harmless) =>
        value.ValueKind == JsonValueKind.Null
            || (value.ValueKind == JsonValueKind.Number
            ? harmless is ["1"] && value.GetDouble() == 1
            : harmless.Contains(value.GetRawText()));

    private static CheckpointException Uncomputed(ModelConfiguration c, string field, JsonElement value, string expected)
    {
        var text = value.GetRawText().ReplaceLineEndings(" ");
        return new(
            $"{c.FilePath}: {field}: expected {expected}, found {(text.Length > 100 ? text[..100] + "…" : text)}; it would change the "
            + "scores and is not computed.");
    }
}
