using System.Text.Json;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Vllm;

/// <summary>What all pooling routes of vLLM have in common.</summary>
/// <param name="Model">The name that was sent.</param>
/// <param name="Limit">How long inputs are dealt with.</param>
/// <param name="Activation">Whether rewards are squashed into 0..1; null where the request does not say.</param>
/// <param name="Id">The client's name for the request; null: it gave none.</param>
internal sealed record VllmFields(string? Model, InputLimit Limit, bool? Activation, string? Id)
{
    public const string LimitField = "truncate_prompt_tokens";

    // Fields that change how a request is computed there, and cannot do so here.
    private static readonly string[] _refused = ["dimensions", "chat_template"];

    public bool UsesActivation => Activation ?? true;

    public static VllmFields Read(RequestObject request)
    {
        if (request.Has("normalize"))
        {
            throw ApiException.Invalid("'normalize' was removed; use 'use_activation'.", "normalize", "unsupported_parameter");
        }

        foreach (var name in _refused.Where(request.Has))
        {
            throw ApiException.Invalid($"'{name}' is not supported by reward models here.", name, "unsupported_parameter");
        }

        if (request.TryGet("chat_template_kwargs", out var kwargs)
            && !(kwargs.ValueKind is JsonValueKind.Object && kwargs.GetPropertyCount() == 0))
        {
            throw ApiException.Invalid("'chat_template_kwargs' is not supported by reward models here.", "chat_template_kwargs",
                "unsupported_parameter");
        }

        var most = request.Integer(LimitField, -1, int.MaxValue);
        if (most == 0)
        {
            throw ApiException.Invalid($"'{LimitField}' must be -1 or positive.", LimitField, "out_of_range");
        }

        var keepsEnd = request.Text("truncation_side") switch
        {
            null or "left" => true,
            "right" => false,
            var other => throw ApiException.Invalid(
                $"'truncation_side' must be left or right, but is '{other}'.", "truncation_side", "invalid_value"),
        };
        return new VllmFields(
            request.Text("model"),
            most is null ? InputLimit.None : new(most == -1 ? null : most, Cuts: true, keepsEnd),
            request.Boolean("use_activation") ?? request.Boolean("activation") ?? request.Boolean("softmax"),
            request.Text("request_id"));
    }

    /// <summary>The inputs of <c>/classify</c> and <c>/pooling</c>: <c>input</c> or <c>messages</c>.</summary>
    public static IReadOnlyList<UnreadInput> Inputs(RequestObject request, ReadOnlyMemory<byte> body)
    {
        if (!request.TryGet("messages", out var messages))
        {
            return InputFields.Read(request, "input", request.Boolean("add_special_tokens") ?? true, "images").Inputs;
        }

        if (request.Has("input"))
        {
            throw ApiException.Invalid("Only one of 'input' and 'messages' may be given.", "input", "invalid_value");
        }

        var isOpen = request.Boolean("continue_final_message") ?? false;
        if (request.Boolean("add_generation_prompt") ?? false)
        {
            throw ApiException.Invalid(
                isOpen ? "'add_generation_prompt' and 'continue_final_message' cannot both be true."
                    : "'add_generation_prompt' asks for an answer to come; what is scored ends with one.",
                "add_generation_prompt",
                "invalid_value");
        }

        return [MessageFields.Conversation(MessageFields.Read(messages, "messages", body), "messages", isOpen)];
    }

    /// <summary>The <c>id</c> of an answer.</summary>
    public string IdOf(string kind, RewardResults results) => $"{kind}-{Id ?? results.Id}";

    /// <summary>The beginning of an answer that is a list.</summary>
    public void WriteHead(Utf8JsonWriter json, string kind, RewardResults results)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, IdOf(kind, results));
        json.WriteString("object"u8, "list");
        json.WriteNumber("created"u8, results.Time.ToUnixTimeSeconds());
        json.WriteString("model"u8, results.Model);
    }
}
