using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Selection;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Chat;

/// <summary>A selection in the words of chat completions.</summary>
/// <remarks>
/// Where one candidate is made, the answer has the upstream's own id, date and further fields. Where several are made, it has the fields of
/// the winner alone.
/// </remarks>
internal sealed class ChatFormat(PreparedRequest request, DateTimeOffset created) : IAnswerFormat
{
    private static readonly JsonDocumentOptions _deep = new() { MaxDepth = 256 };

    private readonly HashSet<int> _open = [];
    private readonly SentFields _choiceFields = new();
    private readonly SentFields _answerFields = new();
    private string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private long _created = created.ToUnixTimeSeconds();
    private int _textSent;
    private bool _isVerbatim;
    private bool _logprobsSent;

    public byte[] Whole(SelectionResult selection)
    {
        var winner = selection.Winner.Candidate!;
        var answerFields = selection.Requested == 1 ? Identify(winner.AnswerFields) : null;
        return JsonSerializer.SerializeToUtf8Bytes(
            new ChatCompletion
            {
                Id = _id,
                Created = _created,
                Model = request.Model.Name,
                Choices =
                    [.. selection.Ranking.Take(request.Selection.Choices).Select((ranked, place) => Choice(ranked.Candidate!, place))],
                Usage = SelectionReport.UsageOf(selection.TotalUsage),
                BestOfN = SelectionReport.Of(selection, request.Return),
                Fields = answerFields,
            },
            OpenAIJsonContext.Default.ChatCompletion);
    }

    public byte[] Opening() => Open(0);

    public IEnumerable<byte[]> Piece(CandidateDelta delta)
    {
        var answerFields = delta.Piece is null ? null : Identify(delta.Piece.AnswerFields);
        if (!_open.Contains(0))
        {
            yield return Open(0);
        }

        _textSent += delta.Text.Length;
        if (delta.Piece is not { } piece)
        {
            yield return Chunk(new ChatChunkChoice(0, ChatDelta.Content(delta.Text)));
            yield break;
        }

        _isVerbatim = true;
        _logprobsSent |= !piece.Logprobs.IsEmpty;
        yield return Chunk(
            new ChatChunkChoice(0, new RawJson(piece.Delta), piece.Logprobs.IsEmpty ? null : new RawJson(piece.Logprobs))
            {
                Fields = _choiceFields.All(piece.ChoiceFields),
            },
            answerFields: answerFields is null ? null : _answerFields.All(answerFields));
    }

    public byte[] Live(LiveEvents events) => JsonSerializer.SerializeToUtf8Bytes(
        new LiveChunk { Id = _id, Object = "chat.completion.chunk", Created = _created, Model = request.Model.Name, BestOfN = events },
        VerbatimJson.Context.LiveChunk);

    public IEnumerable<byte[]> Remainder(int choice, Candidate candidate, BestOfNReport? report)
    {
        var isAlone = request.Selection.Generation.Candidates == 1;
        var answerFields = isAlone ? Identify(candidate.AnswerFields) : null;
        if (!_open.Contains(choice))
        {
            yield return Open(choice);
        }

        using var message = JsonDocument.Parse(candidate.Message, _deep);
        foreach (var chunk in MessageChunks(choice, candidate, message.RootElement))
        {
            yield return chunk;
        }

        yield return Chunk(
            new ChatChunkChoice(choice, ChatDelta.Empty, FinishReason: candidate.FinishReason)
            {
                Fields = (choice == 0 ? _choiceFields : new()).New(candidate.ChoiceFields),
            },
            report: report,
            answerFields: answerFields is null ? null : _answerFields.New(answerFields));
    }

    public byte[] UsageOf(SelectionResult selection, BestOfNReport? report) =>
        Chunk(null, SelectionReport.UsageOf(selection.TotalUsage), report);

    /// <summary>What a message holds besides what has been sent: reasoning, then text, then the rest.</summary>
    private IEnumerable<byte[]> MessageChunks(int choice, Candidate candidate, JsonElement message)
    {
        var isVerbatim = choice == 0 && _isVerbatim;
        if (!isVerbatim)
        {
            foreach (var delta in ChatDelta.Reasoning(message))
            {
                yield return Chunk(new ChatChunkChoice(choice, delta));
            }
        }

        var text = message.TryGetProperty("content", out var content) && content.ValueKind is JsonValueKind.String
            ? content.GetString()!
            : null;
        var start = choice == 0 ? Math.Min(_textSent, text?.Length ?? 0) : 0;
        if (!candidate.Logprobs.IsEmpty && !(choice == 0 && _logprobsSent))
        {
            // The tokens' log-probabilities belong to the text they come with, and a token may end inside a character: so both stay whole.
            var delta = text is null ? ChatDelta.Empty : ChatDelta.Content(text[start..]);
            yield return Chunk(new ChatChunkChoice(choice, delta, new RawJson(candidate.Logprobs)));
        }
        else
        {
            foreach (var piece in TextPieces.Of(text ?? "", start))
            {
                yield return Chunk(new ChatChunkChoice(choice, ChatDelta.Content(piece)));
            }

            // An answer of nothing is an empty text; beside a call of a tool, nothing is no text at all.
            if (text is "" && !ChatDelta.SaysSomethingElse(message))
            {
                yield return Chunk(new ChatChunkChoice(choice, ChatDelta.Content("")));
            }
        }

        if (!isVerbatim && ChatDelta.Rest(message) is { } rest)
        {
            yield return Chunk(new ChatChunkChoice(choice, rest));
        }
    }

    private static ChatChoice Choice(Candidate candidate, int place) =>
        new(place, new RawJson(candidate.Message), new RawJson(candidate.Logprobs), candidate.FinishReason)
        {
            Fields = new SentFields().New(candidate.ChoiceFields),
        };

    private byte[] Open(int choice)
    {
        _open.Add(choice);
        return Chunk(new ChatChunkChoice(choice, ChatDelta.Opening));
    }

    /// <summary>Takes the id and the date over from the upstream, unless a stream has begun with others.</summary>
    /// <returns>The other fields.</returns>
    private Dictionary<string, JsonElement> Identify(IReadOnlyDictionary<string, JsonElement> answerFields)
    {
        Dictionary<string, JsonElement> others = [];
        foreach (var (name, value) in answerFields)
        {
            if (name is "id")
            {
                _id = _open.Count == 0 && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } id ? id : _id;
            }
            else if (name is "created")
            {
                _created = _open.Count == 0 && value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var date) && date > 0
                    ? date
                    : _created;
            }
            else if (name is not "best_of_n")
            {
                others[name] = value;
            }
        }

        return others;
    }

    private byte[] Chunk(
        ChatChunkChoice? choice, Usage? usage = null, BestOfNReport? report = null,
        IDictionary<string, JsonElement>? answerFields = null) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new ChatCompletionChunk
            {
                Id = _id,
                Created = _created,
                Model = request.Model.Name,
                Choices = choice is null ? [] : [choice],
                Usage = usage,
                BestOfN = report,
                Fields = answerFields,
            },
            OpenAIJsonContext.Default.ChatCompletionChunk);
}
