using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>One call and the candidates it makes: choice i of the answer is the i-th of them.</summary>
/// <remarks>
/// <para>Takes in what the upstream sends and writes a <see cref="GenerationEvent"/> for every piece and every end of a candidate, in their
/// order.</para>
/// <para>What a candidate used. With one choice, <c>usage</c> is believed if it says more than nothing. With several, <c>usage</c> covers
/// them all, or with llama-server only the first: where it is less than the tokens seen (<see cref="CandidateDraft.Tokens"/>), it is one
/// choice's and the tokens seen count; where it is more, the surplus is added to the choice that finishes last, and so are its details, so
/// that the sum is right.</para>
/// <para>A choice is complete when its <c>finish_reason</c> has come, even if the stream is lost later. Some servers send one with every
/// piece, or a tool call after it, so a complete choice is announced when nothing more has come for it for a while (<see
/// cref="Settling"/>), or with the end of the stream.</para>
/// Thread-safe.
/// </remarks>
internal sealed class CompletionCall : IDisposable
{
    /// <summary>
    /// How long nothing may come for a choice that is complete before it is announced while its siblings are still being made.
    /// </summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(250);

    private readonly AnswerLimits _limits;
    private readonly ChannelWriter<GenerationEvent> _events;
    private readonly CancellationTokenSource _cancellation;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly ITimer _settling;
    private readonly Lock _gate = new();
    private TokenUsage? _usage;

    /// <param name="drafts">The candidates.</param>
    /// <param name="limits">What all calls of the request share; the call ends when the token budget is spent.</param>
    /// <param name="events">Where the events go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="started">When the request began, as a timestamp of that clock.</param>
    /// <param name="stopped">Ends the call.</param>
    public CompletionCall(
        IReadOnlyList<CandidateDraft> drafts, AnswerLimits limits, ChannelWriter<GenerationEvent> events, TimeProvider time, long started,
        CancellationToken stopped)
    {
        Drafts = drafts;
        _limits = limits;
        _events = events;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopped, limits.BudgetSpent);
        _time = time;
        _started = started;
        _settling = time.CreateTimer(_ => AnnounceSettled(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public IReadOnlyList<CandidateDraft> Drafts { get; }

    public CancellationToken Token => _cancellation.Token;

    /// <summary>Closes the connection once none of its candidates is wanted.</summary>
    public void CancelIfUnwanted()
    {
        if (!Drafts.All(draft => draft.HasEnded))
        {
            return;
        }

        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call has ended in the meantime.
        }
    }

    /// <summary>Takes in one event of a stream. Events that are no chunk, such as heartbeats, are skipped.</summary>
    /// <returns>True if it was the last.</returns>
    public bool AddEvent(string type, ReadOnlySpan<byte> data)
    {
        data = data.Trim(" \t\r\n"u8);
        if (!CompletionJson.HoldsSeveral(data))
        {
            return AddMessage(type, data);
        }

        foreach (var line in data.Split((byte)'\n'))
        {
            if (AddMessage(type, data[line].Trim(" \t\r"u8)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes in an answer that was not streamed.</summary>
    public async Task AddWholeAsync(Stream body)
    {
        using var json = await JsonDocument.ParseAsync(body, CompletionJson.Options, Token);
        var root = json.RootElement;
        lock (_gate)
        {
            CompletionJson.ThrowIfError(root, JsonMarshal.GetRawUtf8Value(root), isWhole: true);
            AddChoices(root.GetProperty("choices"u8), CompletionJson.FieldsOf(root), isWhole: true);
            if (root.TryGetProperty("usage"u8, out var usage))
            {
                AddUsage(usage);
            }

            FinishBegun();
        }
    }

    /// <summary>Ends every candidate that is complete.</summary>
    public void FinishComplete()
    {
        lock (_gate)
        {
            FinishAll(draft => draft.FinishReason is not null, draft => draft.FinishReason!);
        }
    }

    /// <summary>Ends every candidate with what there is of it: its length is limited from outside.</summary>
    public void FinishCutShort()
    {
        FinishComplete();
        lock (_gate)
        {
            foreach (var draft in Drafts.Where(draft => draft.Tokens > 0))
            {
                Finish(draft, "length", isLast: false);
            }
        }
    }

    /// <summary>The call has failed. Answers that were complete before are good; the others are lost.</summary>
    public void Fail(GenerationFailedException failure)
    {
        FinishComplete();
        foreach (var draft in Drafts)
        {
            Fail(draft, failure);
        }
    }

    /// <summary>Ends one candidate without an answer, unless it has ended already.</summary>
    public void Fail(CandidateDraft draft, GenerationFailedException failure)
    {
        if (draft.TryEnd())
        {
            _events.TryWrite(new CandidateFailed(draft.Index, failure));
        }
    }

    public void Dispose()
    {
        _settling.Dispose();
        _cancellation.Dispose();
    }

    private bool AddMessage(string type, ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            lock (_gate)
            {
                FinishBegun();
            }

            return true;
        }

        if (type is "error" || data.StartsWith("[ERROR]"u8) || Ascii.EqualsIgnoreCase(data[..Math.Min(data.Length, 5)], "error"u8))
        {
            throw UpstreamFailure.FromBody(data);
        }

        if (data.IsEmpty || data[0] is not ((byte)'{' or (byte)'['))
        {
            return false;
        }

        using var json = JsonDocument.Parse(data.ToArray(), CompletionJson.Options);
        lock (_gate)
        {
            AddChunk(json.RootElement, data);
        }

        return false;
    }

    private void AddChunk(JsonElement root, ReadOnlySpan<byte> json)
    {
        if (root.ValueKind is JsonValueKind.Array)
        {
            foreach (var each in root.EnumerateArray())
            {
                AddChunk(each, json);
            }

            return;
        }

        if (root.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        CompletionJson.ThrowIfError(root, json, isWhole: false);
        var hasChoices = root.TryGetProperty("choices"u8, out var choices)
            && choices.ValueKind is JsonValueKind.Array && choices.GetArrayLength() > 0;
        if (hasChoices)
        {
            AddChoices(choices, CompletionJson.FieldsOf(root), isWhole: false);
        }
        else if (Drafts.Count == 1)
        {
            Drafts[0].AddAnswerFields(CompletionJson.FieldsOf(root));
        }

        // The usage of all choices comes in a chunk of its own; one that comes with a piece may be followed by more.
        if (root.TryGetProperty("usage"u8, out var usage) && AddUsage(usage) && !hasChoices
            && Drafts.All(draft => draft.HasEnded || draft.FinishReason is not null))
        {
            FinishComplete();
        }
    }

    private void AddChoices(JsonElement choices, IReadOnlyDictionary<string, JsonElement> answerFields, bool isWhole)
    {
        foreach (var (position, choice) in choices.EnumerateArray().Index())
        {
            if (choice.ValueKind is not JsonValueKind.Object)
            {
                continue;
            }

            var index = CompletionJson.IndexOf(choice) ?? position;
            if (index < 0 || index >= Drafts.Count)
            {
                continue;
            }

            if (CompletionJson.ErrorOf(choice) is { } error)
            {
                Fail(Drafts[index], error);
            }
            else
            {
                Add(Drafts[index], choice, answerFields, isWhole);
            }
        }
    }

    private void Add(CandidateDraft draft, JsonElement choice, IReadOnlyDictionary<string, JsonElement> answerFields, bool isWhole)
    {
        var (tokens, kept) = (draft.Tokens, draft.Kept);
        var delta = draft.Add(choice, answerFields, isWhole);
        _limits.AddBytes(draft.Kept - kept, draft.Kept);
        if (Drafts.Count == 1 && choice.TryGetProperty("usage"u8, out var usage))
        {
            AddUsage(usage); // some servers say it here
        }

        _limits.AddTokens(draft.Tokens - tokens);
        if (delta is not null && !draft.HasEnded)
        {
            _events.TryWrite(delta);
        }

        if (draft is { FinishReason: not null, HasEnded: false } && Drafts.Count > 1)
        {
            draft.LastPiece = _time.GetTimestamp();
            _settling.Change(Settling, Timeout.InfiniteTimeSpan);
        }
    }

    private bool AddUsage(JsonElement usage)
    {
        _usage = CompletionJson.UsageOf(usage) ?? _usage;
        return usage.ValueKind is JsonValueKind.Object;
    }

    private void AnnounceSettled()
    {
        lock (_gate)
        {
            foreach (var draft in Drafts.Where(draft => draft is { FinishReason: not null, HasEnded: false }))
            {
                if (_time.GetElapsedTime(draft.LastPiece) >= Settling
                    && Drafts.Any(other => other is { FinishReason: null, HasEnded: false }))
                {
                    Finish(draft, draft.FinishReason!, isLast: false);
                }
            }
        }
    }

    /// <summary>An answer that has come to its end is complete, also where the upstream gives no reason.</summary>
    private void FinishBegun()
    {
        FinishComplete();
        FinishAll(draft => draft.Tokens > 0, draft => draft.LikelyFinishReason);
    }

    private void FinishAll(Func<CandidateDraft, bool> isMeant, Func<CandidateDraft, string> reason)
    {
        foreach (var draft in Drafts.Where(draft => !draft.HasEnded && isMeant(draft)))
        {
            Finish(draft, reason(draft), isLast: !Drafts.Any(other => !other.HasEnded && isMeant(other) && other != draft));
        }
    }

    private void Finish(CandidateDraft draft, string reason, bool isLast)
    {
        if (!draft.TryEnd())
        {
            return;
        }

        var usage = new TokenUsage(_usage?.PromptTokens ?? 0, draft.Tokens);
        if (_usage is { CompletionTokens: > 0 and var made })
        {
            if (Drafts.Count == 1)
            {
                usage = _usage;
            }
            else if (isLast)
            {
                usage = _usage with { CompletionTokens = draft.Tokens + Math.Max(0, made - Drafts.Sum(each => each.Tokens)) };
            }

            _limits.AddTokens(usage.CompletionTokens - draft.Tokens);
        }

        _events.TryWrite(new CandidateFinished(draft.Finish(reason, usage, _time.GetElapsedTime(_started))));
    }
}
