using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Page.Ranking;

/// <summary>Candidates that were made and scored before, to be ordered by another strategy. Nothing is generated or scored.</summary>
internal sealed class RankingRequest
{
    private const int MostCandidates = 64;

    private static readonly Dictionary<string, AnswerFlaw> _flaws = Enum.GetValues<AnswerFlaw>()
        .Where(flaw => flaw is not AnswerFlaw.None)
        .ToDictionary(Degradations.Word, StringComparer.Ordinal);

    private readonly ISelectionStrategy _strategy;
    private readonly IReadOnlyList<(ScoredCandidate Candidate, AnswerFlaw Flaw)> _answers;

    private RankingRequest(ISelectionStrategy strategy, IReadOnlyList<(ScoredCandidate Candidate, AnswerFlaw Flaw)> answers) =>
        (_strategy, _answers) = (strategy, answers);

    /// <summary>
    /// Reads <c>{ "strategy": …, "candidates": […] }</c>; each candidate as an answer with <c>"return": "candidates"</c> reports it.
    /// </summary>
    /// <exception cref="ApiException">It is no such request.</exception>
    public static RankingRequest Read(ReadOnlyMemory<byte> body, SelectionStrategies strategies) => RequestObject.Read(body, request =>
    {
        var name = request.RequiredText("strategy");
        if (!strategies.TryGet(name, out var strategy))
        {
            var known = string.Join(", ", strategies.Names);
            throw ApiException.Invalid($"There is no strategy '{name}'; known are {known}.", "strategy", "invalid_value");
        }

        if (!request.TryGet("candidates", out var list) || list.ValueKind is not JsonValueKind.Array)
        {
            throw ApiException.Invalid("'candidates' must be an array.", "candidates", "invalid_type");
        }

        var answers = list.EnumerateArray().Select(Answer).OrderBy(answer => answer.Candidate.Candidate.Index).ToList();
        var numbers = answers.Select(answer => answer.Candidate.Candidate.Index).Distinct().Count();
        return numbers == answers.Count && numbers is >= 1 and <= MostCandidates
            ? new RankingRequest(strategy, answers)
            : throw ApiException.Invalid(
                $"'candidates' must hold 1 to {MostCandidates} candidates with different numbers.", "candidates", "out_of_range");
    });

    public RankingAnswer Rank()
    {
        int[] ranking = [.. AnswerOrder.Of(_strategy, _answers).Select(ranked => ranked.Candidate.Index)];
        return new(_strategy.Name, ranking[0], ranking);
    }

    private static (ScoredCandidate Candidate, AnswerFlaw Flaw) Answer(JsonElement element, int place)
    {
        var path = $"candidates[{place}]";
        if (element.ValueKind is not JsonValueKind.Object)
        {
            throw RequestObject.WrongType(path, "an object", element);
        }

        var fields = new RequestObject(element, path);
        var message = fields.Child("message") ?? throw ApiException.Invalid($"'{path}.message' is required.", $"{path}.message");
        var candidate = new Candidate
        {
            Index = fields.Integer("index", 0, int.MaxValue) ?? place,
            Text = "",
            FinishReason = fields.Text("finish_reason") ?? "stop",
            Usage = new TokenUsage(0, 0),
            Message = JsonSerializer.SerializeToUtf8Bytes(message.Element),
        };
        var score = fields.Number("score", double.MinValue, double.MaxValue);
        var scored = new ScoredCandidate(candidate, score is { } value ? new CandidateScore(value) : null);
        return (scored, FlawOf(fields.Text("status")));
    }

    /// <summary>The flaw that a report's status tells; what a budget ended is cut off.</summary>
    private static AnswerFlaw FlawOf(string? status) =>
        status is "partial" ? AnswerFlaw.CutOff : _flaws.GetValueOrDefault(status ?? "", AnswerFlaw.None);
}
