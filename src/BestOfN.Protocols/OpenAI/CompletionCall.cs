using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>One call and the candidates it makes: choice i of the answer is the i-th of them.</summary>
/// <remarks>
/// <para>What a candidate used. With one choice, <c>usage</c> is believed if it says more than nothing. With several, <c>usage</c> covers them all, or
/// with llama-server only the first: where it is less than the tokens seen (<see cref="CandidateDraft.Tokens"/>), it is one choice's and the tokens
/// seen count; where it is more, the surplus is added to the choice that finishes last, so that the sum is right.</para>
/// <para>A choice is complete when its <c>finish_reason</c> has come, even if the stream is lost later. All but the last are announced at once, so
/// that they can be judged while the others are still being made; the last waits for <c>usage</c>.</para>
/// </remarks>
internal sealed class CompletionCall(IReadOnlyList<CandidateDraft> drafts, OpenAIGeneration generation, CancellationTokenSource cancellation) : IDisposable
{
    private TokenUsage? _usage;

    public IReadOnlyList<CandidateDraft> Drafts => drafts;

    public CancellationToken Token => cancellation.Token;

    /// <summary>Closes the connection once nobody waits for any of the candidates.</summary>
    public void CancelIfUnwanted()
    {
        if (drafts.All(draft => draft.HasEnded))
        {
            cancellation.Cancel();
        }
    }

    /// <summary>Takes in one event of a stream.</summary>
    /// <returns>True if it was the last.</returns>
    public bool AddEvent(string type, ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return true;
        }

        if (type is "error")
        {
            throw UpstreamFailure.FromBody(data);
        }

        AddChunk(data);
        return false;
    }

    /// <summary>Takes in an answer that was not streamed.</summary>
    public void AddWhole(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body);
        var root = json.RootElement;
        if (root.TryGetProperty("error"u8, out var error) && error.ValueKind is not JsonValueKind.Null)
        {
            throw UpstreamFailure.FromBody(body.Span);
        }

        var position = 0;
        foreach (var choice in root.GetProperty("choices"u8).EnumerateArray())
        {
            var index = choice.TryGetProperty("index"u8, out var number) ? number.GetInt32() : position;
            position++;
            if (index >= 0 && index < drafts.Count)
            {
                drafts[index].AddWhole(choice);
                generation.TokensMade(drafts[index].Tokens);
            }
        }

        if (root.TryGetProperty("usage"u8, out var usage) && usage.ValueKind is JsonValueKind.Object)
        {
            _usage = new(NumberIn(usage, "prompt_tokens"), NumberIn(usage, "completion_tokens"));
        }
    }

    /// <summary>Announces every candidate that is complete.</summary>
    public void FinishComplete()
    {
        foreach (var draft in drafts)
        {
            if (draft is { FinishReason: not null, HasEnded: false })
            {
                Finish(draft, draft.FinishReason, isLast: !drafts.Any(other => other is { FinishReason: not null, HasEnded: false } && other != draft));
            }
        }
    }

    /// <summary>Announces what there is of every candidate: its length is limited from outside.</summary>
    public void FinishCutShort()
    {
        FinishComplete();
        foreach (var draft in drafts)
        {
            if (draft.Tokens > 0)
            {
                Finish(draft, "length", isLast: false);
            }
        }
    }

    public void Dispose() => cancellation.Dispose();

    private void AddChunk(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            throw new JsonException("A chunk is not an object.");
        }

        var broughtUsage = false;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                AddChoices(ref reader, json);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                broughtUsage = AddUsage(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                if (reader.TokenType is not JsonTokenType.Null)
                {
                    throw UpstreamFailure.FromBody(json);
                }
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (broughtUsage && drafts.All(draft => draft.HasEnded || draft.FinishReason is not null))
        {
            FinishComplete();
        }
    }

    private void AddChoices(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType is not JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            var index = IndexOf(reader);
            if (index < 0 || index >= drafts.Count)
            {
                reader.Skip();
                continue;
            }

            var draft = drafts[index];
            var wasComplete = draft.FinishReason is not null;
            var before = draft.Tokens;
            var text = draft.AddChunk(ref reader, json);
            generation.TokensMade(draft.Tokens - before);
            if (text.Length > 0 && !draft.HasEnded)
            {
                generation.Happened(new CandidateDelta(draft.Index, text));
            }

            if (!wasComplete && draft.FinishReason is { } reason && drafts.Any(other => other is { FinishReason: null, HasEnded: false }))
            {
                Finish(draft, reason, isLast: false);
            }
        }
    }

    private void Finish(CandidateDraft draft, string reason, bool isLast)
    {
        if (!draft.TryEnd())
        {
            return;
        }

        var tokens = draft.Tokens;
        if (_usage is { CompletionTokens: > 0 and var made })
        {
            if (drafts.Count == 1)
            {
                tokens = made;
            }
            else if (isLast)
            {
                tokens += Math.Max(0, made - drafts.Sum(each => each.Tokens));
            }

            generation.TokensMade(Math.Max(0, tokens - draft.Tokens));
        }

        generation.Finished(draft, reason, new TokenUsage(_usage?.PromptTokens ?? 0, tokens));
    }

    private bool AddUsage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not JsonTokenType.StartObject)
        {
            return false;
        }

        using var usage = JsonDocument.ParseValue(ref reader);
        _usage = new(NumberIn(usage.RootElement, "prompt_tokens"), NumberIn(usage.RootElement, "completion_tokens"));
        return true;
    }

    private static int NumberIn(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var number) && number.ValueKind is JsonValueKind.Number && number.TryGetInt32(out var value) ? Math.Max(0, value) : 0;

    // Looks ahead: the reader is a copy. Servers that make one choice may leave the index out.
    private static int IndexOf(Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isIndex = reader.ValueTextEquals("index"u8);
            reader.Read();
            if (isIndex)
            {
                return reader.GetInt32();
            }

            reader.Skip();
        }

        return 0;
    }
}
