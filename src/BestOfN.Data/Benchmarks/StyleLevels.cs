using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>The levels of RM-Bench: hard where the chosen answer is plainer than the rejected one, easy where it is fancier.</summary>
internal sealed record StyleLevels(
    int Rows, double[,] Matrix, ClusteredMean Hard, ClusteredMean Normal, ClusteredMean Easy, ClusteredMean Average)
{
    /// <param name="outcomes">Per prompt, 1 where the chosen answer of a style (row) won
    /// against the rejected one of a style (column).</param>
    public static StyleLevels Of(IReadOnlyList<double[,]> outcomes)
    {
        var matrix = new double[3, 3];
        for (var i = 0; i < 3; i++)
        {
            for (var j = 0; j < 3; j++)
            {
                matrix[i, j] = outcomes.Select(o => o[i, j]).DefaultIfEmpty().Average();
            }
        }

        return new(
            outcomes.Count,
            matrix,
            Mean(o => (o[0, 1] + o[0, 2] + o[1, 2]) / 3),
            Mean(o => (o[0, 0] + o[1, 1] + o[2, 2]) / 3),
            Mean(o => (o[1, 0] + o[2, 0] + o[2, 1]) / 3),
            Mean(o => o.Cast<double>().Average()));

        ClusteredMean Mean(Func<double[,], double> value) => ClusteredMean.Of([.. outcomes.Select(value)]);
    }

    /// <summary>The mean of domains, each of the same weight.</summary>
    public static StyleLevels MeanOf(IReadOnlyList<StyleLevels> domains)
    {
        return new(domains.Sum(d => d.Rows), new double[3, 3], Mean(d => d.Hard),
            Mean(d => d.Normal), Mean(d => d.Easy), Mean(d => d.Average));

        ClusteredMean Mean(Func<StyleLevels, ClusteredMean> level) => ClusteredMean.MeanOf([.. domains.Select(level)]);
    }

    public JsonObject ToJson() => new()
    {
        ["n"] = Rows,
        ["matrix"] = new JsonArray(
            [.. Enumerable.Range(0, 3)
                .Select(i => (JsonNode?)new JsonArray([.. Enumerable.Range(0, 3).Select(j => (JsonNode?)Matrix[i, j])]))]),
        ["hard"] = Hard.Value,
        ["normal"] = Normal.Value,
        ["easy"] = Easy.Value,
        ["average"] = Average.Value,
    };
}
