using System.Text;
using System.Text.Json;
using BestOfN.Core.Json;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Decoding;

/// <summary>A candidate's tokens as OpenAI's logprobs object (UTF-8 JSON).</summary>
internal static class CandidateJson
{
    // JSON has no infinity; OpenAI writes this for tokens that are next to impossible.
    private const float LeastLogprob = -9999f;

    public static ReadOnlyMemory<byte> Logprobs(IEnumerable<DrawnToken> drawn, ITokenizer tokenizer) => PlainJson.WriteObject(json =>
    {
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
}
