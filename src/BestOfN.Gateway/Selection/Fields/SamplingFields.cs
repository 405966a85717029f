using BestOfN.Core.Generation;
using BestOfN.Gateway.Errors;

namespace BestOfN.Gateway.Selection.Fields;

/// <summary>The fields of a request that say how candidates are drawn, and those that chat and plain completions share.</summary>
internal static class SamplingFields
{
    private const int MostStops = 4;
    private const int LongestStop = 1024;

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
        Stop = Stop(request),
    };

    private static IReadOnlyList<string> Stop(RequestObject request)
    {
        var stop = request.Texts("stop");
        if (stop.Count > MostStops)
        {
            throw ApiException.Invalid($"'stop' has {stop.Count} strings; allowed are at most {MostStops}.", "stop", "out_of_range");
        }

        return stop.All(each => each.Length is > 0 and <= LongestStop)
            ? stop
            : throw ApiException.Invalid($"Each string of 'stop' must have 1 to {LongestStop} characters.", "stop", "out_of_range");
    }
}
