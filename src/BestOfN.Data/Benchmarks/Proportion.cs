using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>The number of correct rows among all rows.</summary>
internal readonly record struct Proportion(int Correct, int Rows)
{
    public static Proportion Of(IEnumerable<bool> outcomes)
    {
        var (correct, rows) = (0, 0);
        foreach (var outcome in outcomes)
        {
            (correct, rows) = (correct + (outcome ? 1 : 0), rows + 1);
        }

        return new(correct, rows);
    }

    /// <summary>0 where there is no row.</summary>
    public double Accuracy => Rows == 0 ? 0 : (double)Correct / Rows;

    /// <summary>The square of the accuracy's standard error.</summary>
    public double Variance => Rows == 0 ? 0 : Accuracy * (1 - Accuracy) / Rows;

    /// <summary>Wilson's interval.</summary>
    public Interval Wilson95
    {
        get
        {
            if (Rows == 0)
            {
                return new(0, 1);
            }

            const double Square = Interval.Quantile * Interval.Quantile;
            var denominator = 1 + Square / Rows;
            var centre = (Accuracy + Square / (2.0 * Rows)) / denominator;
            var half = Interval.Quantile * Math.Sqrt(Variance + Square / (4.0 * Rows * Rows)) / denominator;
            return new(centre - half, centre + half);
        }
    }

    public BenchmarkFigure Figure(string name) => new(name, Accuracy, Wilson95, Rows);

    public JsonObject ToJson(bool withInterval = true)
    {
        var json = new JsonObject { ["correct"] = Correct, ["n"] = Rows, ["accuracy"] = Accuracy };
        if (withInterval)
        {
            json["wilson95"] = Wilson95.ToJson();
        }

        return json;
    }
}
