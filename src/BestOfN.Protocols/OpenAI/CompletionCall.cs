using System.Collections.ObjectModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>One call and the candidates it makes: choice i of the answer is the i-th of them.</summary>
/// <remarks>
/// <para>What a candidate used. With one choice, <c>usage</c> is believed if it says more than nothing. With several, <c>usage</c> covers them all, or
/// with llama-server only the first: where it is less than the tokens seen (<see cref="CandidateDraft.Tokens"/>), it is one choice's and the tokens
/// seen count; where it is more, the surplus is added to the choice that finishes last, and so are its details, so that the sum is right.</para>
/// <para>A choice is complete when its <c>finish_reason</c> has come, even if the stream is lost later. Some servers send one with every piece, or a tool call
/// after it, so a complete choice is announced when nothing more has come for it for a while (<see cref="Settling"/>), or with the end of the stream.</para>
/// Thread-safe.
/// </remarks>
internal sealed class CompletionCall : IDisposable
{
    /// <summary>How long nothing may come for a choice that is complete before it is announced while its siblings are still being made.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(250);

    private const long MostTokens = 1_000_000_000_000;

    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 256 };

    private readonly IReadOnlyList<CandidateDraft> _drafts;
    private readonly OpenAIGeneration _generation;
    private readonly CancellationTokenSource _cancellation;
    private readonly TimeProvider _time;
    private readonly ITimer _settling;
    private readonly Lock _gate = new();
    private TokenUsage? _usage;

    public CompletionCall(IReadOnlyList<CandidateDraft> drafts, OpenAIGeneration generation, CancellationTokenSource cancellation, TimeProvider time)
    {
        _drafts = drafts;
        _generation = generation;
        _cancellation = cancellation;
        _time = time;
        _settling = time.CreateTimer(_ => AnnounceSettled(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public IReadOnlyList<CandidateDraft> Drafts => _drafts;

    public CancellationToken Token => _cancellation.Token;

    /// <summary>Closes the connection once none of its candidates is wanted.</summary>
    public void CancelIfUnwanted()
    {
        if (_drafts.All(draft => draft.HasEnded))
        {
            _cancellation.Cancel();
        }
    }

    /// <summary>Takes in one event of a stream. What is no chunk, such as a heartbeat, is passed over.</summary>
    /// <returns>True if it was the last.</returns>
    public bool AddEvent(string type, ReadOnlySpan<byte> data)
    {
        data = data.Trim(" \t\r\n"u8);
        if (!HoldsSeveral(data))
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

    /// <summary>Whether a server has left out the blank lines between its events, so that each line is one of them.</summary>
    private static bool HoldsSeveral(ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf((byte)'\n');
        if (end < 0 || data[0] is not (byte)'{')
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(data[..end], new JsonReaderOptions { MaxDepth = _options.MaxDepth });
            return reader.Read() && reader.TrySkip();
        }
        catch (JsonException)
        {
            return false; // one event, of several lines
        }
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

        using var json = JsonDocument.Parse(data.ToArray(), _options);
        lock (_gate)
        {
            AddChunk(json.RootElement, data);
        }

        return false;
    }

    /// <summary>Takes in an answer that was not streamed.</summary>
    public async Task AddWholeAsync(Stream body)
    {
        using var json = await JsonDocument.ParseAsync(body, _options, Token);
        var root = json.RootElement;
        lock (_gate)
        {
            ThrowIfError(root, JsonMarshal.GetRawUtf8Value(root), isWhole: true);
            AddChoices(root.GetProperty("choices"u8), FieldsOf(root), isWhole: true);
            if (root.TryGetProperty("usage"u8, out var usage))
            {
                AddUsage(usage);
            }

            FinishBegun();
        }
    }

    /// <summary>Announces every candidate that is complete.</summary>
    public void FinishComplete()
    {
        lock (_gate)
        {
            foreach (var draft in _drafts)
            {
                if (draft is { FinishReason: not null, HasEnded: false })
                {
                    Finish(draft, draft.FinishReason, isLast: !_drafts.Any(other => other is { FinishReason: not null, HasEnded: false } && other != draft));
                }
            }
        }
    }

    /// <summary>Announces what there is of every candidate: its length is limited from outside.</summary>
    public void FinishCutShort()
    {
        FinishComplete();
        lock (_gate)
        {
            foreach (var draft in _drafts.Where(draft => draft.Tokens > 0))
            {
                Finish(draft, "length", isLast: false);
            }
        }
    }

    public void Dispose()
    {
        _settling.Dispose();
        _cancellation.Dispose();
    }

    /// <summary>An answer that has come to its end is complete, also where the upstream gives no reason.</summary>
    private void FinishBegun()
    {
        FinishComplete();
        foreach (var draft in _drafts.Where(draft => draft is { HasEnded: false, Tokens: > 0 }))
        {
            Finish(draft, draft.LikelyFinishReason, isLast: !_drafts.Any(other => other is { HasEnded: false, Tokens: > 0 } && other != draft));
        }
    }

    private void AnnounceSettled()
    {
        lock (_gate)
        {
            foreach (var draft in _drafts.Where(draft => draft is { FinishReason: not null, HasEnded: false }))
            {
                if (_time.GetElapsedTime(draft.LastPiece) >= Settling && _drafts.Any(other => other is { FinishReason: null, HasEnded: false }))
                {
                    Finish(draft, draft.FinishReason!, isLast: false);
                }
            }
        }
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

        ThrowIfError(root, json, isWhole: false);
        var hasChoices = root.TryGetProperty("choices"u8, out var choices) && choices.ValueKind is JsonValueKind.Array && choices.GetArrayLength() > 0;
        if (hasChoices)
        {
            AddChoices(choices, FieldsOf(root), isWhole: false);
        }
        else if (_drafts.Count == 1)
        {
            _drafts[0].AddAnswerFields(FieldsOf(root));
        }

        // The usage of all choices comes in a chunk of its own; one that comes with a piece may be followed by more.
        if (root.TryGetProperty("usage"u8, out var usage) && AddUsage(usage) && !hasChoices && _drafts.All(draft => draft.HasEnded || draft.FinishReason is not null))
        {
            FinishComplete();
        }
    }

    private static void ThrowIfError(JsonElement root, ReadOnlySpan<byte> json, bool isWhole)
    {
        if (root.ValueKind is not JsonValueKind.Object)
        {
            if (isWhole && root.ValueKind is JsonValueKind.Array)
            {
                throw UpstreamFailure.FromBody(json);
            }

            return;
        }

        var hasError = root.TryGetProperty("error"u8, out var error) && error.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);
        var isError = root.TryGetProperty("object"u8, out var kind) && kind.ValueKind is JsonValueKind.String && kind.ValueEquals("error"u8);
        var hasWords = root.TryGetProperty("detail"u8, out _)
            || (isWhole && (root.TryGetProperty("message"u8, out _) || root.TryGetProperty("errors"u8, out _)));
        if (hasError || isError || (hasWords && !root.TryGetProperty("choices"u8, out _)))
        {
            throw UpstreamFailure.FromBody(json);
        }
    }

    /// <summary>What an answer says besides the choices, the usage and what the gateway says itself.</summary>
    private static IReadOnlyDictionary<string, JsonElement> FieldsOf(JsonElement root)
    {
        OrderedDictionary<string, JsonElement>? fields = null;
        foreach (var field in root.EnumerateObject())
        {
            if (field.Name is not ("choices" or "usage" or "object" or "model" or "error"))
            {
                (fields ??= new(StringComparer.Ordinal))[field.Name] = field.Value;
            }
        }

        return fields ?? (IReadOnlyDictionary<string, JsonElement>)ReadOnlyDictionary<string, JsonElement>.Empty;
    }

    private void AddChoices(JsonElement choices, IReadOnlyDictionary<string, JsonElement> answerFields, bool isWhole)
    {
        var position = -1;
        foreach (var choice in choices.EnumerateArray())
        {
            position++;
            if (choice.ValueKind is not JsonValueKind.Object)
            {
                continue;
            }

            var index = IndexOf(choice) ?? position;
            if (index < 0 || index >= _drafts.Count)
            {
                continue;
            }

            if (ErrorOf(choice) is { } error)
            {
                _generation.Fail(_drafts[index], error);
            }
            else
            {
                Add(_drafts[index], choice, answerFields, isWhole);
            }
        }
    }

    /// <summary>Servers that make one choice may leave the index out; some write it as a string, or with a fraction of zero.</summary>
    private static int? IndexOf(JsonElement choice)
    {
        if (!choice.TryGetProperty("index"u8, out var index) || index.ValueKind is not (JsonValueKind.Number or JsonValueKind.String))
        {
            return null;
        }

        var isNumber = double.TryParse(index.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        return isNumber && number is >= 0 and <= int.MaxValue && number == Math.Floor(number) ? (int)number : null;
    }

    /// <summary>A server behind a router may fail in the middle of one choice: what came of it before is no answer.</summary>
    private static GenerationFailedException? ErrorOf(JsonElement choice)
    {
        if (choice.TryGetProperty("error"u8, out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
        {
            return UpstreamFailure.FromBody(JsonMarshal.GetRawUtf8Value(choice));
        }

        var isError = choice.TryGetProperty("finish_reason"u8, out var reason)
            && reason.ValueKind is JsonValueKind.String && reason.ValueEquals("error"u8);
        return isError ? new(new Failure(FailureKind.Upstream, "The upstream ended the answer with an error.") { Upstream = new(502) }) : null;
    }

    private void Add(CandidateDraft draft, JsonElement choice, IReadOnlyDictionary<string, JsonElement> answerFields, bool isWhole)
    {
        var (before, kept) = (draft.Tokens, draft.Kept);
        var delta = draft.Add(choice, answerFields, isWhole);
        _generation.Keep(draft, draft.Kept - kept);
        if (_drafts.Count == 1 && choice.TryGetProperty("usage"u8, out var usage))
        {
            AddUsage(usage); // some servers say it here
        }

        _generation.TokensMade(draft.Tokens - before);
        if (delta is not null && !draft.HasEnded)
        {
            _generation.Happened(delta);
        }

        if (draft is { FinishReason: not null, HasEnded: false } && _drafts.Count > 1)
        {
            draft.LastPiece = _time.GetTimestamp();
            _settling.Change(Settling, Timeout.InfiniteTimeSpan);
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
            if (_drafts.Count == 1)
            {
                usage = _usage;
            }
            else if (isLast)
            {
                usage = _usage with { CompletionTokens = draft.Tokens + Math.Max(0, made - _drafts.Sum(each => each.Tokens)) };
            }

            _generation.TokensMade(Math.Max(0, usage.CompletionTokens - draft.Tokens));
        }

        _generation.Finished(draft, reason, usage);
    }

    private bool AddUsage(JsonElement usage)
    {
        if (usage.ValueKind is not JsonValueKind.Object)
        {
            return false;
        }

        var (prompt, completion) = (NumberIn(usage, "prompt_tokens"), NumberIn(usage, "completion_tokens"));
        OrderedDictionary<string, JsonElement> details = new(StringComparer.Ordinal);
        foreach (var field in usage.EnumerateObject().Where(field => field.Name is not ("prompt_tokens" or "completion_tokens" or "total_tokens")))
        {
            details[field.Name] = field.Value.Clone();
        }

        _usage = new(prompt, completion)
        {
            OtherTokens = Math.Max(0, NumberIn(usage, "total_tokens") - prompt - completion),
            Details = details.Count == 0 ? ReadOnlyDictionary<string, JsonElement>.Empty : details,
        };
        return true;
    }

    // A number that no server can have counted is cut, so that sums stay numbers.
    private static long NumberIn(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var number) && number.ValueKind is JsonValueKind.Number && number.TryGetDouble(out var value) ? (long)Math.Clamp(value, 0, MostTokens) : 0;
}
