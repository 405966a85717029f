using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Requests;
using BestOfN.Gateway.Streaming;
using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Chat;

/// <summary>A selection in the words of chat completions.</summary>
internal sealed class ChatFormat(PlannedRequest plan, DateTimeOffset created) : IAnswerFormat
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";

    public byte[] Whole(Selection selection) => JsonSerializer.SerializeToUtf8Bytes(
        new ChatCompletion
        {
            Id = _id,
            Created = created.ToUnixTimeSeconds(),
            Model = plan.Model.Name,
            Choices = [.. selection.Ranking.Take(plan.Selection.Choices).Select((ranked, place) => Choice(ranked.Candidate!, place))],
            Usage = Usage.Of(selection.TotalUsage),
            BestOfN = BestOfNReport.Of(selection, plan.Return),
        },
        OpenAIJsonContext.Default.ChatCompletion);

    public byte[] Opening(int choice) => Chunk(new ChatChunkChoice(choice, ChatDelta.Opening));

    public byte[] Piece(int choice, string text) => Chunk(new ChatChunkChoice(choice, ChatDelta.Content(text)));

    public IEnumerable<byte[]> Remainder(int choice, Candidate candidate, int textSent, BestOfNReport? report)
    {
        using var message = JsonDocument.Parse(candidate.Message);
        var text = message.RootElement.TryGetProperty("content", out var content) && content.ValueKind is JsonValueKind.String ? content.GetString()! : "";
        if (!candidate.Logprobs.IsEmpty)
        {
            // The tokens' log-probabilities belong to the text they come with, and a token may end inside a character: so both stay whole.
            yield return Chunk(new ChatChunkChoice(choice, ChatDelta.Content(text), new RawJson(candidate.Logprobs)));
        }
        else
        {
            foreach (var piece in TextPieces.Of(text, textSent))
            {
                yield return Piece(choice, piece);
            }
        }

        if (ChatDelta.Rest(message.RootElement) is { } rest)
        {
            yield return Chunk(new ChatChunkChoice(choice, rest));
        }

        yield return Chunk(new ChatChunkChoice(choice, ChatDelta.Empty, FinishReason: candidate.FinishReason), report: report);
    }

    public byte[] UsageOf(Selection selection, BestOfNReport? report) => Chunk(null, Usage.Of(selection.TotalUsage), report);

    private static ChatChoice Choice(Candidate candidate, int place) =>
        new(place, new RawJson(candidate.Message), new RawJson(candidate.Logprobs), candidate.FinishReason);

    private byte[] Chunk(ChatChunkChoice? choice, Usage? usage = null, BestOfNReport? report = null) => JsonSerializer.SerializeToUtf8Bytes(
        new ChatCompletionChunk
        {
            Id = _id,
            Created = created.ToUnixTimeSeconds(),
            Model = plan.Model.Name,
            Choices = choice is null ? [] : [choice],
            Usage = usage,
            BestOfN = report,
        },
        OpenAIJsonContext.Default.ChatCompletionChunk);
}
