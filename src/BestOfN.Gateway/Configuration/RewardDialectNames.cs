namespace BestOfN.Gateway.Configuration;

/// <summary>The protocols in which rewards are asked for, as the configuration names them.</summary>
internal static class RewardDialectNames
{
    public const string Native = "native";
    public const string OpenRlhf = "openrlhf";
    public const string Slime = "slime";
    public const string LlamaFactory = "llamafactory";
    public const string Vllm = "vllm";
    public const string Verl = "verl";
    public const string Xtuner = "xtuner";
    public const string Sglang = "sglang";
    public const string Tei = "tei";
    public const string Rerank = "rerank";
    public const string Kserve = "kserve";
    public const string Swift = "ms-swift";

    public static IReadOnlyList<string> All { get; } =
        [Native, OpenRlhf, Slime, LlamaFactory, Vllm, Verl, Xtuner, Sglang, Tei, Rerank, Kserve, Swift];
}
