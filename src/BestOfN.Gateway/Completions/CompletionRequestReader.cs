using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Completions;

/// <summary>
/// OpenAI's older request. Models in process know conversations only, so the prompt becomes the single message of a user.
/// </summary>
internal static class CompletionRequestReader
{
    /// <exception cref="ApiException">It is not such a request.</exception>
    public static ModelRequest Read(ReadOnlyMemory<byte> body) => RequestObject.Read(body, request =>
    {
        var bestOfN = BestOfNFields.Read(request);
        return new ModelRequest
        {
            Model = request.RequiredText("model"),
            Prompt = new Prompt([new ChatMessage("user", Prompt(request))]),
            Sampling = SamplingFields.Read(request),
            Choices = request.Integer("n", 1, 128),
            Stream = StreamFields.Read(request),

            // This route has always had a word of its own for the number of candidates.
            BestOfN = bestOfN with { Candidates = bestOfN.Candidates ?? request.Integer("best_of", 1, int.MaxValue) },
            Body = body,
            UnsupportedField = UnsupportedField(request),
        };
    });

    /// <summary>The model that a request names, for those that are not answered here.</summary>
    public static string ModelOf(ReadOnlyMemory<byte> body) => RequestObject.Read(body, request => request.RequiredText("model"));

    private static string Prompt(RequestObject request) => HasTokenIds(request)
        ? throw ApiException.Invalid("'prompt' holds token ids, which are not supported: send text.", "prompt", "invalid_type")
        : request.Texts("prompt") switch
    {
        [var only] => only,
        [] => throw ApiException.Invalid("'prompt' is required.", "prompt"),
        _ => throw ApiException.Invalid("Several prompts in one request are not supported.", "prompt", "unsupported_parameter"),
    };

    private static bool HasTokenIds(RequestObject request) =>
        request.TryGet("prompt", out var prompt) && prompt.ValueKind is JsonValueKind.Array
        && prompt.EnumerateArray().Any(item => item.ValueKind is JsonValueKind.Number or JsonValueKind.Array);

    private static string? UnsupportedField(RequestObject request) =>
        request.Has("suffix") ? "suffix"
        : request.Has("logprobs") ? "logprobs"
        : request.Has("logit_bias") ? "logit_bias"
        : request.Boolean("echo") is true ? "echo"
        : null;
}
