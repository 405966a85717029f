using System.Text.Json;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection.Fields;

/// <summary>The request object <c>best_of_n</c>, or a bare number of candidates. Null where it says nothing.</summary>
internal sealed record BestOfNFields
{
    private const string Name = "best_of_n";
    private static readonly string[] _known = ["n", "strategy", "reward_model", "time_budget_ms", "token_budget", "return"];

    public int? Candidates { get; init; }

    public string? Strategy { get; init; }

    public string? RewardModel { get; init; }

    public TimeSpan? TimeBudget { get; init; }

    public int? TokenBudget { get; init; }

    public ReportDetail Return { get; init; }

    public static BestOfNFields Read(RequestObject request)
    {
        if (!request.TryGet(Name, out var value))
        {
            return new();
        }

        // The upper limit is the operator's and is checked where all ways to ask for candidates meet.
        if (value.ValueKind is JsonValueKind.Number)
        {
            return new() { Candidates = RequestObject.Integer(value, Name, 1, int.MaxValue) };
        }

        if (value.ValueKind is not JsonValueKind.Object)
        {
            throw RequestObject.WrongType(Name, "an object or an integer", value);
        }

        var fields = new RequestObject(value, Name);
        foreach (var field in value.EnumerateObject())
        {
            if (!_known.Contains(field.Name))
            {
                throw ApiException.Invalid(
                    $"There is no '{fields.PathOf(field.Name)}'; known are {string.Join(", ", _known)}.", fields.PathOf(field.Name),
                    "unknown_parameter");
            }
        }

        return new()
        {
            Candidates = fields.Integer("n", 1, int.MaxValue),
            Strategy = fields.Text("strategy"),
            RewardModel = fields.Text("reward_model"),
            TimeBudget = fields.Integer("time_budget_ms", 1, BestOfNOptions.LongestTimeBudgetMs) is { } ms
                ? TimeSpan.FromMilliseconds(ms)
                : null,
            TokenBudget = fields.Integer("token_budget", 1, int.MaxValue),
            Return = fields.Text("return") switch
            {
                null or "none" => ReportDetail.None,
                "scores" => ReportDetail.Scores,
                "candidates" => ReportDetail.Candidates,
                "live" => ReportDetail.Live,
                var other => throw ApiException.Invalid(
                    $"'{Name}.return' must be none, scores, candidates or live, but is '{other}'.", $"{Name}.return", "invalid_value"),
            },
        };
    }
}
