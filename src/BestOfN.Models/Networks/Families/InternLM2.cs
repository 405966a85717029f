namespace BestOfN.Models.Networks.Families;

/// <summary>InternLM2 and its reward models: one fused projection. Layout: https://huggingface.co/internlm/internlm2-7b-reward.</summary>
internal static class InternLM2
{
    public static DecoderFamily Family { get; } = new()
    {
        Prefix = "InternLM2",
        Embedding = "model.tok_embeddings",
        AttentionNorm = "model.layers.{i}.attention_norm",
        FeedForwardNorm = "model.layers.{i}.ffn_norm",
        FusedQueryKeyValue = "model.layers.{i}.attention.wqkv",
        AttentionOutput = "model.layers.{i}.attention.wo",
        Gate = "model.layers.{i}.feed_forward.w1",
        Up = "model.layers.{i}.feed_forward.w3",
        Down = "model.layers.{i}.feed_forward.w2",
        LanguageHead = "output",
        RewardTokenId = 92_527,   // [UNUSED_TOKEN_130], also written <|reward|>
        DefaultNormEpsilon = 1e-5,
        DefaultRopeTheta = 1_000_000,
        Biases = c => (c.Flag("bias", true), c.Flag("bias", true), false),   // the published code's default is true
    };
}
