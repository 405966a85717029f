using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Decoding;

/// <summary>A candidate as OpenAI's message and logprobs objects (UTF-8 JSON).</summary>
internal static class CandidateJson
{
    // JSON has no infinity; OpenAI writes this for tokens that are next to impossible.
    private const float LeastLogprob = -9999f;

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Message(string text) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("role", "assistant");
        json.WriteString("content", text);
        json.WriteNull("refusal");
        json.WriteEndObject();
    });

    public static ReadOnlyMemory<byte> Logprobs(IEnumerable<DrawnToken> drawn, ITokenizer tokenizer) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("content");
        foreach (var token in drawn)
        {
            json.WriteStartObject();
            WriteToken(json, token.Token, tokenizer);
            json.WriteStartArray("top_logprobs");
            foreach (var alternative in token.Alternatives)
            {
                json.WriteStartObject();
                WriteToken(json, alternative, tokenizer);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    });

    private static void WriteToken(Utf8JsonWriter json, TokenLogprob token, ITokenizer tokenizer)
    {
        var bytes = tokenizer.BytesOf(token.Id);
        json.WriteString("token", bytes.IsEmpty ? tokenizer.Decode([token.Id]) : Encoding.UTF8.GetString(bytes));
        json.WriteNumber("logprob", Math.Max(token.Logprob, LeastLogprob));
        json.WriteStartArray("bytes");
        foreach (var value in bytes)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            write(json);
        }

        return buffer.WrittenMemory;
    }
}
