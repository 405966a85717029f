using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>A candidate in the making. Written by the one call that makes it; ended once, by whoever comes first.</summary>
/// <param name="index">Its place among its siblings.</param>
/// <param name="isAlone">Whether it is the only candidate, so that a client may be shown all of it while it is made.</param>
internal sealed class CandidateDraft(int index, bool isAlone)
{
    private readonly MergedValue _message = new();
    private readonly MergedValue _logprobs = new();
    private readonly OrderedDictionary<string, JsonElement> _choiceFields = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, JsonElement> _answerFields = new(StringComparer.Ordinal);
    private readonly StringBuilder _text = new();
    private int _emitted;
    private int _ended;

    public int Index => index;

    /// <summary>Whether the upstream has said anything about this choice.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The last one that came; null before the first.</summary>
    public string? FinishReason { get; private set; }

    /// <summary>What stands for a finish reason that an upstream has left out.</summary>
    public string LikelyFinishReason =>
        _message.Find("tool_calls")?.Calls is { Count: > 0 } ? "tool_calls"
        : _message.Find("function_call") is { IsObject: true } ? "function_call"
        : "stop";

    /// <summary>
    /// Tokens seen: logprobs entries where there are any, else pieces that brought something. A piece may hold more than one token, so
    /// without logprobs this is a lower bound.
    /// </summary>
    public long Tokens { get; private set; }

    /// <summary>Bytes of JSON that are kept of it.</summary>
    public long Kept { get; private set; }

    /// <summary>When the last piece came, as a timestamp of the call's clock.</summary>
    public long LastPiece { get; set; }

    public bool HasEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>True for the first caller alone, who then owes the event.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;

    /// <summary>
    /// Takes in one element of <c>choices</c>: of a chunk, with a <c>delta</c>, or of a whole answer, with a <c>message</c>.
    /// </summary>
    /// <param name="choice">An object.</param>
    /// <param name="answerFields">What else the chunk or the answer says.</param>
    /// <param name="isWhole">Whether it is a whole answer's.</param>
    /// <returns>What can be shown of it; null if there is nothing.</returns>
    public CandidateDelta? Add(JsonElement choice, IReadOnlyDictionary<string, JsonElement> answerFields, bool isWhole)
    {
        HasBegun = true;
        var (delta, message, logprobs, reason) = (default(JsonElement), default(JsonElement), default(JsonElement), (string?)null);
        OrderedDictionary<string, JsonElement> fields = new(StringComparer.Ordinal);
        foreach (var field in choice.EnumerateObject())
        {
            switch (field.Name)
            {
                case "index":
                    break;
                case "delta":
                    delta = field.Value;
                    break;
                case "message":
                    message = field.Value;
                    break;
                case "logprobs":
                    logprobs = field.Value;
                    break;
                case "finish_reason":
                    reason = field.Value.ValueKind is JsonValueKind.String && field.Value.GetString() is { Length: > 0 } given
                        ? given : null;
                    break;
                default:
                    fields[field.Name] = field.Value;
                    break;
            }
        }

        // Some servers send a whole message in a stream; beside deltas it only repeats them. Others send one delta as the whole answer.
        isWhole |= message.ValueKind is JsonValueKind.Object && delta.ValueKind is not JsonValueKind.Object && Tokens == 0;
        var body = isWhole && message.ValueKind is JsonValueKind.Object ? message : delta;
        if (isWhole && body.ValueKind is not JsonValueKind.Object)
        {
            throw new JsonException("A choice has no message.");
        }

        FinishReason = reason ?? FinishReason;
        var knownLogprobs = LogprobTokens;
        if (logprobs.ValueKind is JsonValueKind.Object)
        {
            _logprobs.Add(logprobs, "logprobs", isWhole);
            Kept += JsonMarshal.GetRawUtf8Value(logprobs).Length;
        }

        var news = new ArrayBufferWriter<byte>();
        var brought = AddMessage(body, isWhole, news);
        Tokens += LogprobTokens > knownLogprobs ? LogprobTokens - knownLogprobs : brought || isWhole ? 1 : 0;
        Keep(_choiceFields, fields, joinsLists: true);
        AddAnswerFields(answerFields);

        // A whole answer is not shown before it is finished, and it is finished at once.
        return isWhole ? null : Delta(brought, news.WrittenMemory, logprobs, reason is null ? fields : [], answerFields);
    }

    /// <summary>Takes in what the upstream says of its answer where it says nothing of the choice.</summary>
    public void AddAnswerFields(IReadOnlyDictionary<string, JsonElement> answerFields)
    {
        if (isAlone)
        {
            Keep(_answerFields, answerFields, joinsLists: false);
        }
    }

    /// <summary>The candidate as it stands.</summary>
    public Candidate Finish(string finishReason, TokenUsage usage, TimeSpan latency) => new()
    {
        Index = index,
        Text = JsonText.WellFormed(_text.ToString()),
        FinishReason = finishReason,
        Usage = usage,
        Message = WriteMessage(),
        Logprobs = WriteLogprobs(),
        ChoiceFields = _choiceFields,
        AnswerFields = _answerFields,
        Latency = latency,
    };

    /// <summary>The last value of a field counts; a choice's lists, such as token ids, come in pieces.</summary>
    private void Keep(OrderedDictionary<string, JsonElement> kept, IReadOnlyDictionary<string, JsonElement> fields, bool joinsLists)
    {
        foreach (var (name, value) in fields)
        {
            var isKnown = kept.TryGetValue(name, out var known);
            if (joinsLists && isKnown && known.ValueKind is JsonValueKind.Array && value.ValueKind is JsonValueKind.Array)
            {
                Kept += JsonMarshal.GetRawUtf8Value(value).Length;
                kept[name] = JsonSerializer.SerializeToElement<JsonElement[]>([.. known.EnumerateArray(), .. value.EnumerateArray()]);
            }
            else if (!isKnown || value.ValueKind is not JsonValueKind.Null)
            {
                kept[name] = value.Clone();
            }
        }
    }

    private int LogprobTokens => (_logprobs.Find("content")?.Items ?? 0) + (_logprobs.Find("refusal")?.Items ?? 0);

    /// <summary>Merges a message or a delta, and writes what of it is new to one who has seen all that came before.</summary>
    private bool AddMessage(JsonElement body, bool isWhole, ArrayBufferWriter<byte> news)
    {
        using var json = new Utf8JsonWriter(news, PlainJson.Options);
        json.WriteStartObject();
        var brought = false;
        foreach (var field in body.ValueKind is JsonValueKind.Object ? [.. body.EnumerateObject()] : Array.Empty<JsonProperty>())
        {
            var (name, value) = (field.Name, field.Value);
            Kept += value.ValueKind is JsonValueKind.Null ? 0 : JsonMarshal.GetRawUtf8Value(value).Length;
            if (name is "tool_calls" && value.ValueKind is JsonValueKind.Array)
            {
                List<ReadOnlyMemory<byte>> calls = [];
                brought |= _message.Field(name).AddCalls(value, isWhole, calls);
                WriteCalls(json, calls);
                continue;
            }

            var isNews = IsNews(name, value);
            brought |= _message.Field(name).Add(value, name, isWhole);
            if (name is "content")
            {
                AddText(value);
            }

            if (name is "content" && value.ValueKind is JsonValueKind.String)
            {
                if (NewText() is { Length: > 0 } text)
                {
                    json.WriteString(name, JsonText.WellFormed(text));
                }
            }
            else if (isNews)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
            }
        }

        json.WriteEndObject();
        return brought;
    }

    private static void WriteCalls(Utf8JsonWriter json, List<ReadOnlyMemory<byte>> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls"u8);
        foreach (var call in calls)
        {
            json.WriteRawValue(call.Span, skipInputValidation: true);
        }

        json.WriteEndArray();
    }

    // The role opens a stream, so it is not told again; neither is an identity that a server repeats.
    private bool IsNews(string name, JsonElement value) =>
        name is not "role" && value.ValueKind is not JsonValueKind.Null
        && (value.ValueKind is not JsonValueKind.String
            || (JsonText.Read(value) is { Length: > 0 } text && (MergedValue.IsText(name) || _message.TextOf(name) != text)));

    private CandidateDelta? Delta(
        bool brought, ReadOnlyMemory<byte> delta, JsonElement logprobs, OrderedDictionary<string, JsonElement> fields,
        IReadOnlyDictionary<string, JsonElement> answerFields)
    {
        var text = NewText();
        _emitted += text.Length;
        text = JsonText.WellFormed(text);
        if (!isAlone)
        {
            return brought ? new(index, text) : null;
        }

        var hasLogprobs = logprobs.ValueKind is JsonValueKind.Object;
        return delta.Length <= "{}".Length && !hasLogprobs && fields.Count == 0 ? null : new(index, text)
        {
            Piece = new()
            {
                Delta = delta,
                Logprobs = hasLogprobs ? JsonMarshal.GetRawUtf8Value(logprobs).ToArray() : default(ReadOnlyMemory<byte>),
                ChoiceFields = Copy(fields),
                AnswerFields = Copy(answerFields),
            },
        };
    }

    private static OrderedDictionary<string, JsonElement> Copy(IReadOnlyDictionary<string, JsonElement> fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Key, field.Value.Clone())), StringComparer.Ordinal);

    private void AddText(JsonElement content)
    {
        if (content.ValueKind is JsonValueKind.String)
        {
            _text.Append(JsonText.Read(content));
        }
        else if (content.ValueKind is JsonValueKind.Array)
        {
            foreach (var part in content.EnumerateArray())
            {
                if (part.ValueKind is JsonValueKind.Object
                    && part.TryGetProperty("type"u8, out var type) && type.ValueKind is JsonValueKind.String
                    && type.GetString() is "text" or "output_text"
                    && part.TryGetProperty("text"u8, out var text) && text.ValueKind is JsonValueKind.String)
                {
                    _text.Append(JsonText.Read(text));
                }
            }
        }
    }

    /// <summary>What has come since the last piece. Half of a surrogate pair waits for its other half.</summary>
    private string NewText()
    {
        var end = _text.Length > _emitted && char.IsHighSurrogate(_text[^1]) ? _text.Length - 1 : _text.Length;
        return _text.ToString(_emitted, end - _emitted);
    }

    // A whole answer always has these three; a stream leaves out what is null.
    private ReadOnlyMemory<byte> WriteMessage() => PlainJson.WriteObject(json =>
    {
        json.WriteString("role"u8, _message.TextOf("role") is { Length: > 0 } role ? role : "assistant");
        json.WritePropertyName("content"u8);
        _message.Field("content").Write(json);
        json.WritePropertyName("refusal"u8);
        _message.Field("refusal").Write(json);
        _message.WriteFields(json, ["role", "content", "refusal"]);
    });

    private ReadOnlyMemory<byte> WriteLogprobs() => !_logprobs.IsObject ? default(ReadOnlyMemory<byte>) : PlainJson.WriteObject(json =>
    {
        json.WritePropertyName("content"u8);
        _logprobs.Field("content").Write(json);
        json.WritePropertyName("refusal"u8);
        _logprobs.Field("refusal").Write(json);
        _logprobs.WriteFields(json, ["content", "refusal"]);
    });
}
