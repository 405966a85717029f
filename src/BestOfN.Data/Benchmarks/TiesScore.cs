using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>The one number of the subset Ties: right answers above wrong ones, and closer to each other than to those.</summary>
internal sealed record TiesScore(
    double TiedAccuracy, double ReferenceAccuracy, double MarginTied, double MarginMinimum, double Tanh, int PromptsInBoth)
{
    public double Value => 0.30 * TiedAccuracy + 0.30 * ReferenceAccuracy + 0.20 * MarginTied + 0.20 * MarginMinimum + 0.01 * Tanh;

    public static TiesScore Of(IReadOnlyCollection<TiesPrompt> prompts)
    {
        var both = prompts.Where(p => p is { Reference: not null, Tied: not null })
            .Select(p => (Tied: p.Tied!, Least: Math.Min(p.Reference!.Margin, p.Tied!.Margin))).ToArray();
        return new(
            Mean(prompts.Where(p => p.Tied is not null), p => p.Tied!.Margin > 0 ? 1 : 0),
            Mean(prompts.Where(p => p.Reference is not null), p => p.Reference!.Margin > 0 ? 1 : 0),
            Mean(both, p => p.Tied.Margin > p.Tied.Spread ? 1 : 0),
            Mean(both, p => p.Least > p.Tied.Spread ? 1 : 0),
            Mean(both, p => double.IsNaN(p.Least / p.Tied.Spread) ? 0 : Math.Tanh(p.Least / p.Tied.Spread - 1)),
            both.Length);
    }

    public JsonObject ToJson(int rows) => new()
    {
        ["n"] = rows,
        ["prompts_in_both"] = PromptsInBoth,
        ["tied_accuracy"] = TiedAccuracy,
        ["ref_accuracy"] = ReferenceAccuracy,
        ["margin_tied"] = MarginTied,
        ["margin_min"] = MarginMinimum,
        ["tanh"] = Tanh,
        ["score"] = Value,
    };

    private static double Mean<T>(IEnumerable<T> values, Func<T, double> value) => values.Select(value).DefaultIfEmpty().Average();
}
