using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Selection;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Completions;

/// <summary>A selection in the words of the older completions route.</summary>
internal sealed class CompletionFormat(PreparedRequest request, DateTimeOffset created) : IAnswerFormat
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";
    private int _textSent;

    public byte[] Whole(SelectionResult selection) => Write(
        [.. selection.Ranking.Take(request.Selection.Choices)
            .Select((ranked, place) => new CompletionChoice(place, ranked.Candidate!.Text, ranked.Candidate.FinishReason))],
        SelectionReport.UsageOf(selection.TotalUsage),
        SelectionReport.Of(selection, request.Return));

    public byte[] Opening() => [];

    public IEnumerable<byte[]> Piece(CandidateDelta delta)
    {
        if (delta.Text.Length > 0)
        {
            _textSent += delta.Text.Length;
            yield return Piece(0, delta.Text);
        }
    }

    public byte[] Live(LiveEvents events) => JsonSerializer.SerializeToUtf8Bytes(
        new LiveChunk
        {
            Id = _id,
            Object = "text_completion",
            Created = created.ToUnixTimeSeconds(),
            Model = request.Model.Name,
            BestOfN = events,
        },
        VerbatimJson.Context.LiveChunk);

    public IEnumerable<byte[]> Remainder(int choice, Candidate candidate, BestOfNReport? report)
    {
        foreach (var piece in TextPieces.Of(candidate.Text, choice == 0 ? _textSent : 0))
        {
            yield return Piece(choice, piece);
        }

        yield return Write([new CompletionChoice(choice, "", candidate.FinishReason)], report: report);
    }

    public byte[] UsageOf(SelectionResult selection, BestOfNReport? report) =>
        Write([], SelectionReport.UsageOf(selection.TotalUsage), report);

    private byte[] Piece(int choice, string text) => Write([new CompletionChoice(choice, text, null)]);

    private byte[] Write(IReadOnlyList<CompletionChoice> choices, Usage? usage = null, BestOfNReport? report = null) =>
        JsonSerializer.SerializeToUtf8Bytes(
        new Completion
        {
            Id = _id,
            Created = created.ToUnixTimeSeconds(),
            Model = request.Model.Name,
            Choices = choices,
            Usage = usage,
            BestOfN = report,
        },
        OpenAIJsonContext.Default.Completion);
}
