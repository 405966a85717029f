using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Requests;
using BestOfN.Gateway.Streaming;
using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Completions;

/// <summary>A selection in the words of the older completions route.</summary>
internal sealed class CompletionFormat(PlannedRequest plan, DateTimeOffset created) : IAnswerFormat
{
    private readonly string _id = $"cmpl-{Guid.NewGuid():N}";

    public byte[] Whole(Selection selection) => Write(
        [.. selection.Ranking.Take(plan.Selection.Choices).Select((ranked, place) => new CompletionChoice(place, ranked.Candidate!.Text, ranked.Candidate.FinishReason))],
        Usage.Of(selection.TotalUsage),
        BestOfNReport.Of(selection, plan.Return));

    public byte[] Opening(int choice) => [];

    public byte[] Piece(int choice, string text) => Write([new CompletionChoice(choice, text, null)]);

    public IEnumerable<byte[]> Remainder(int choice, Candidate candidate, int textSent, BestOfNReport? report)
    {
        foreach (var piece in TextPieces.Of(candidate.Text, textSent))
        {
            yield return Piece(choice, piece);
        }

        yield return Write([new CompletionChoice(choice, "", candidate.FinishReason)], report: report);
    }

    public byte[] UsageOf(Selection selection, BestOfNReport? report) => Write([], Usage.Of(selection.TotalUsage), report);

    private byte[] Write(IReadOnlyList<CompletionChoice> choices, Usage? usage = null, BestOfNReport? report = null) => JsonSerializer.SerializeToUtf8Bytes(
        new Completion
        {
            Id = _id,
            Created = created.ToUnixTimeSeconds(),
            Model = plan.Model.Name,
            Choices = choices,
            Usage = usage,
            BestOfN = report,
        },
        OpenAIJsonContext.Default.Completion);
}
