using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>Two reward models on the same rows: McNemar's test, exact, and the difference of their accuracies.</summary>
/// <param name="Rows">Rows that both judged.</param>
/// <param name="OnlyFirst">Rows that the first alone judges right.</param>
/// <param name="OnlySecond">Rows that the second alone judges right.</param>
public sealed record PairedTest(int Rows, int OnlyFirst, int OnlySecond)
{
    /// <summary>Accuracy of the first less that of the second, −1..1.</summary>
    public double Difference => Rows == 0 ? 0 : (double)(OnlyFirst - OnlySecond) / Rows;

    /// <summary>Standard error of the difference, rows being pairs.</summary>
    public double StandardError => Rows == 0 ? 0
        : Math.Sqrt(Math.Max(0, OnlyFirst + OnlySecond - (Math.Pow(OnlyFirst - OnlySecond, 2) / Rows))) / Rows;

    /// <summary>Ends of the 95 % interval of the difference.</summary>
    public (double Low, double High) Interval95 =>
        (Difference - (Interval.Quantile * StandardError), Difference + (Interval.Quantile * StandardError));

    /// <summary>How likely the discordant rows part at least as unequally where both models are equally good: two-sided, exact
    /// binomial.</summary>
    public double PValue
    {
        get
        {
            var discordant = OnlyFirst + OnlySecond;
            var (logTerm, sum) = (-discordant * Math.Log(2), 0.0);
            for (var i = 0; i <= Math.Min(OnlyFirst, OnlySecond); i++)
            {
                sum += Math.Exp(logTerm);
                logTerm += Math.Log((double)(discordant - i) / (i + 1));
            }

            return Math.Min(1, 2 * sum);
        }
    }

    /// <exception cref="InvalidDataException">The rows are not the same ones. The message names the first that differs.</exception>
    public static PairedTest Of(
        IReadOnlyList<BenchmarkRow> first, IReadOnlyList<bool> firstRight, IReadOnlyList<BenchmarkRow> second,
            IReadOnlyList<bool> secondRight)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(firstRight);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(secondRight);
        if (first.Count != second.Count || firstRight.Count != first.Count || secondRight.Count != second.Count)
        {
            throw new InvalidDataException(
                $"expected two sets of scores of the same rows, found {firstRight.Count} and {secondRight.Count} rows "
                + "that are right or wrong");
        }

        for (var i = 0; i < first.Count; i++)
        {
            if (IdOf(first[i]) != IdOf(second[i]))
            {
                throw new InvalidDataException(
                    $"row {i + 1}: expected the same rows in the same order, found {IdOf(first[i])} and {IdOf(second[i])}");
            }
        }

        var pairs = firstRight.Zip(secondRight).ToArray();
        return new(pairs.Length, pairs.Count(pair => pair is (true, false)), pairs.Count(pair => pair is (false, true)));
    }

    internal JsonObject ToJson() => new()
    {
        ["rows"] = Rows,
        ["only_first"] = OnlyFirst,
        ["only_second"] = OnlySecond,
        ["difference"] = Difference,
        ["difference_se"] = StandardError,
        ["mcnemar_p"] = PValue,
    };

    private static string IdOf(BenchmarkRow row) =>
        new[] { "id", "pair_id", "ID" }.Where(row.Has).Select(row.Id).FirstOrDefault() ?? "";
}
