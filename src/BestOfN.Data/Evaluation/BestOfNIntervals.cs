using System.Text.Json.Serialization;

namespace BestOfN.Data.Evaluation;

/// <summary>Lower and upper ends of the 95 % intervals of a <see cref="BestOfNCurve"/>, under the same names.</summary>
public sealed record BestOfNIntervals
{
    public required IReadOnlyList<double> Greedy { get; init; }

    public required IReadOnlyList<double>? Auc { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? AucPlausible { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? AucSwapped { get; init; }

    public required IReadOnlyList<IReadOnlyList<double>> Pass { get; init; }

    public required IReadOnlyList<IReadOnlyList<double>> Reward { get; init; }

    public required IReadOnlyList<IReadOnlyList<double>> MajorityVote { get; init; }

    public required IReadOnlyList<IReadOnlyList<double>> WeightedVote { get; init; }
}
