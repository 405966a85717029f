namespace BestOfN.Inference.Networks.Families;

/// <summary>Qwen2 and Qwen2.5: Llama with biases on queries, keys and values. https://arxiv.org/abs/2407.10671.</summary>
internal static class Qwen2
{
    public static DecoderFamily Family { get; } = Llama.Family with
    {
        Prefix = "Qwen2",
        ModelTypes = ["qwen2"],
        BiasFields = ["attention_bias"],   // true in all of the family, whatever the field says
        Biases = _ => (true, false, false),
    };
}
