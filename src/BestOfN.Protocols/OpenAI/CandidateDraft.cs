using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>A candidate in the making. Written by the one call that makes it; ended once, by whoever comes first.</summary>
internal sealed class CandidateDraft(int index)
{
    private static readonly JsonWriterOptions _verbatim = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly MergedValue _message = new();
    private readonly MergedValue _logprobs = new();
    private int _emitted;
    private int _ended;
    private ReadOnlyMemory<byte> _wholeMessage;
    private ReadOnlyMemory<byte> _wholeLogprobs;
    private string? _wholeText;

    public int Index => index;

    /// <summary>Whether the upstream has said anything about this choice.</summary>
    public bool HasBegun { get; private set; }

    public string? FinishReason { get; private set; }

    /// <summary>
    /// Tokens seen: logprobs entries where there are any, else pieces that brought something. A piece may hold more than one token, so without
    /// logprobs this is a lower bound.
    /// </summary>
    public int Tokens { get; private set; }

    public bool HasEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>True for the first caller alone, who then owes the event.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;

    /// <summary>Takes in one element of a chunk's <c>choices</c>.</summary>
    /// <returns>New text that can be shown: whole Unicode scalars; empty if there is none.</returns>
    public string AddChunk(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        HasBegun = true;
        var brought = false;
        var knownLogprobs = LogprobTokens;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8))
            {
                reader.Read();
                brought = _message.Add(ref reader, json, "delta");
            }
            else if (reader.ValueTextEquals("logprobs"u8))
            {
                reader.Read();
                _logprobs.Add(ref reader, json, "logprobs");
            }
            else if (reader.ValueTextEquals("finish_reason"u8))
            {
                reader.Read();
                FinishReason ??= reader is { TokenType: JsonTokenType.String, ValueSpan.IsEmpty: false } ? reader.GetString() : null;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        Tokens += LogprobTokens > knownLogprobs ? LogprobTokens - knownLogprobs : brought ? 1 : 0;
        return NewText();
    }

    /// <summary>Takes in one element of a whole answer's <c>choices</c>.</summary>
    public void AddWhole(JsonElement choice)
    {
        HasBegun = true;
        FinishReason = choice.TryGetProperty("finish_reason"u8, out var reason) && reason.ValueKind is JsonValueKind.String ? reason.GetString() : null;
        var message = choice.GetProperty("message"u8);
        _wholeMessage = RawBytes(message);
        _wholeText = message.TryGetProperty("content"u8, out var content) && content.ValueKind is JsonValueKind.String ? content.GetString() : "";
        Tokens = 1;
        if (choice.TryGetProperty("logprobs"u8, out var logprobs) && logprobs.ValueKind is JsonValueKind.Object)
        {
            _wholeLogprobs = RawBytes(logprobs);
            if (logprobs.TryGetProperty("content"u8, out var tokens) && tokens.ValueKind is JsonValueKind.Array)
            {
                Tokens = tokens.GetArrayLength();
            }
        }
    }

    /// <summary>The candidate as it stands.</summary>
    public Candidate Finish(string finishReason, TokenUsage usage, TimeSpan latency) => new()
    {
        Index = index,
        Text = _wholeText ?? JsonText.WellFormed(_message.Field("content").Text?.ToString() ?? ""),
        FinishReason = finishReason,
        Usage = usage,
        Message = _wholeMessage.IsEmpty ? WriteMessage() : _wholeMessage,
        Logprobs = _wholeLogprobs.IsEmpty ? WriteLogprobs() : _wholeLogprobs,
        Latency = latency,
    };

    private static byte[] RawBytes(JsonElement element) => JsonMarshal.GetRawUtf8Value(element).ToArray();

    private int LogprobTokens => _logprobs.IsObject ? _logprobs.Field("content").Items + _logprobs.Field("refusal").Items : 0;

    private string NewText()
    {
        if (_message.Field("content").Text is not { } text || text.Length == _emitted)
        {
            return "";
        }

        // Half of a surrogate pair waits for its other half.
        var end = char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
        var piece = text.ToString(_emitted, end - _emitted);
        _emitted = end;
        return JsonText.WellFormed(piece);
    }

    // A whole answer always has these three; a stream leaves out what is null.
    private byte[] WriteMessage()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, _verbatim))
        {
            json.WriteStartObject();
            json.WriteString("role"u8, _message.Field("role").Text?.ToString() ?? "assistant");
            json.WritePropertyName("content"u8);
            _message.Field("content").Write(json);
            json.WritePropertyName("refusal"u8);
            _message.Field("refusal").Write(json);
            _message.WriteFields(json, ["role", "content", "refusal"]);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private ReadOnlyMemory<byte> WriteLogprobs()
    {
        if (!_logprobs.IsObject)
        {
            return default;
        }

        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, _verbatim))
        {
            json.WriteStartObject();
            json.WritePropertyName("content"u8);
            _logprobs.Field("content").Write(json);
            json.WritePropertyName("refusal"u8);
            _logprobs.Field("refusal").Write(json);
            _logprobs.WriteFields(json, ["content", "refusal"]);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
