using BestOfN.Core.Generation;

namespace BestOfN.Gateway.Requests;

/// <summary>The fields of a request that say how candidates are drawn, and those that chat and plain completions share.</summary>
internal static class SamplingFields
{
    public static SamplingParameters Read(RequestObject request) => new()
    {
        Temperature = request.Number("temperature", 0, 2),
        TopP = request.Number("top_p", 0, 1),
        TopK = request.Integer("top_k", -1, int.MaxValue) is { } topK and > 0 ? topK : null, // 0 and −1 mean all, as in vLLM
        MinP = request.Number("min_p", 0, 1),
        FrequencyPenalty = request.Number("frequency_penalty", -2, 2),
        PresencePenalty = request.Number("presence_penalty", -2, 2),
        MaxTokens = request.Integer("max_completion_tokens", 1, int.MaxValue) ?? request.Integer("max_tokens", 1, int.MaxValue),
        Seed = request.LongInteger("seed"),
        Stop = request.Texts("stop"),
    };
}
