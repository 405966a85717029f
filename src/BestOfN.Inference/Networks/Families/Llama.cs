namespace BestOfN.Inference.Networks.Families;

/// <summary>Llama: the layout that most others vary. Touvron et al. 2023, https://arxiv.org/abs/2302.13971.</summary>
internal static class Llama
{
    public static DecoderFamily Family { get; } = new()
    {
        Prefix = "Llama",
        ModelTypes = ["llama"],
        Embedding = "model.embed_tokens",
        AttentionNorm = "model.layers.{i}.input_layernorm",
        FeedForwardNorm = "model.layers.{i}.post_attention_layernorm",
        Query = "model.layers.{i}.self_attn.q_proj",
        Key = "model.layers.{i}.self_attn.k_proj",
        Value = "model.layers.{i}.self_attn.v_proj",
        AttentionOutput = "model.layers.{i}.self_attn.o_proj",
        Gate = "model.layers.{i}.mlp.gate_proj",
        Up = "model.layers.{i}.mlp.up_proj",
        Down = "model.layers.{i}.mlp.down_proj",
        LanguageHead = "lm_head",
        BiasFields = ["attention_bias", "mlp_bias"],
        Biases = c => (c.Flag("attention_bias", false), c.Flag("attention_bias", false), c.Flag("mlp_bias", false)),
    };
}
