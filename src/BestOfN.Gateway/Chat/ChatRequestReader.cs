using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection;
using BestOfN.Gateway.Selection.Demands;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Chat;

/// <summary>OpenAI's chat request, read field by field so that a mistake is answered with the field's name.</summary>
internal static class ChatRequestReader
{
    /// <exception cref="ApiException">It is not a chat request.</exception>
    public static ModelRequest Read(ReadOnlyMemory<byte> body) => RequestObject.Read(body, request =>
    {
        var sampling = SamplingFields.Read(request);
        var logprobs = request.Boolean("logprobs") ?? false;
        var topLogprobs = request.Integer("top_logprobs", 0, 20);
        if (topLogprobs > 0 && !logprobs)
        {
            throw ApiException.Invalid("'top_logprobs' is only allowed with 'logprobs': true.", "top_logprobs");
        }

        CheckTools(request);
        var model = request.RequiredText("model");
        var messages = new ChatMessagesReader(body);
        return new ModelRequest
        {
            Model = model,
            Prompt = new Prompt(messages.Read(request)),
            Sampling = sampling with { Logprobs = logprobs, TopLogprobs = topLogprobs ?? 0 },
            Choices = request.Integer("n", 1, 128),
            Stream = StreamFields.Read(request),
            BestOfN = BestOfNFields.Read(request),
            Demands = AnswerDemands.Read(request),
            Body = body,
            UnsupportedContent = messages.UnsupportedContent,
            UnsupportedField = UnsupportedField(request),
        };
    });

    private static void CheckTools(RequestObject request)
    {
        var offered = 0;
        foreach (var name in (ReadOnlySpan<string>)["tools", "functions"])
        {
            if (!request.TryGet(name, out var tools))
            {
                continue;
            }

            if (tools.ValueKind is not JsonValueKind.Array)
            {
                throw RequestObject.WrongType(name, "an array of objects", tools);
            }

            foreach (var tool in tools.EnumerateArray())
            {
                if (tool.ValueKind is not JsonValueKind.Object)
                {
                    throw RequestObject.WrongItem(name, "an array of objects", tool);
                }
            }

            offered += tools.GetArrayLength();
        }

        foreach (var name in (ReadOnlySpan<string>)["tool_choice", "function_call"])
        {
            if (!request.TryGet(name, out var choice))
            {
                continue;
            }

            if (choice.ValueKind is not JsonValueKind.String and not JsonValueKind.Object)
            {
                throw RequestObject.WrongType(name, "a string or an object", choice);
            }

            var asksForCall = choice.ValueKind is JsonValueKind.Object || choice.ValueEquals("required"u8) || choice.ValueEquals("any"u8);
            if (asksForCall && offered == 0)
            {
                throw ApiException.Invalid($"'{name}' asks for a call, but the request offers no tools.", name, "invalid_value");
            }
        }
    }

    private static string? UnsupportedField(RequestObject request)
    {
        foreach (var name in (ReadOnlySpan<string>)["tools", "functions", "logit_bias", "audio", "prediction", "web_search_options"])
        {
            if (request.TryGet(name, out var value) && !IsEmpty(value))
            {
                return name;
            }
        }

        return request.Child("response_format") is { } format && format.Text("type") is not (null or "text") ? "response_format" : null;
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };
}
