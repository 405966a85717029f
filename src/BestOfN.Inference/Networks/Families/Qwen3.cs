namespace BestOfN.Inference.Networks.Families;

/// <summary>Qwen3: Llama with a norm on every query and key head, and a head size of its own. https://arxiv.org/abs/2505.09388.</summary>
internal static class Qwen3
{
    public static DecoderFamily Family { get; } = Llama.Family with
    {
        Prefix = "Qwen3",
        ModelTypes = ["qwen3"],
        QueryNorm = "model.layers.{i}.self_attn.q_norm",
        KeyNorm = "model.layers.{i}.self_attn.k_norm",
        DefaultRopeTheta = null,
        BiasFields = ["attention_bias"],
        Biases = c => (c.Flag("attention_bias", false), c.Flag("attention_bias", false), false),
    };
}
