using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>The request in OpenAI's words, where no client wrote one.</summary>
internal static class RequestBody
{
    public static ReadOnlyMemory<byte> Write(GenerationRequest request)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages"u8);
            foreach (var message in request.Prompt.Messages)
            {
                json.WriteStartObject();
                json.WriteString("role"u8, message.Role);
                json.WriteString("content"u8, message.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            Write(json, request.Sampling);
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private static void Write(Utf8JsonWriter json, SamplingParameters sampling)
    {
        WriteNumber(json, "temperature", sampling.Temperature);
        WriteNumber(json, "top_p", sampling.TopP);
        WriteNumber(json, "top_k", sampling.TopK);
        WriteNumber(json, "min_p", sampling.MinP);
        WriteNumber(json, "frequency_penalty", sampling.FrequencyPenalty);
        WriteNumber(json, "presence_penalty", sampling.PresencePenalty);
        WriteNumber(json, "max_tokens", sampling.MaxTokens);
        if (sampling.Stop.Count > 0)
        {
            json.WriteStartArray("stop"u8);
            foreach (var stop in sampling.Stop)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        if (sampling.Logprobs)
        {
            json.WriteBoolean("logprobs"u8, true);
            WriteNumber(json, "top_logprobs", sampling.TopLogprobs > 0 ? sampling.TopLogprobs : null);
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
