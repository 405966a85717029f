namespace BestOfN.Data.Benchmarks;

/// <summary>Percentile intervals of figures that no formula gives an interval for.</summary>
internal static class Bootstrap
{
    public const int Resamples = 10_000;

    /// <summary>The figure of every resample. The same seed gives the same resamples.</summary>
    /// <param name="count">Rows that are drawn from, with replacement.</param>
    /// <param name="seed">Decides what is drawn.</param>
    /// <param name="figure">From the indices of the rows drawn; they are overwritten by the next call.</param>
    public static double[] Resample(int count, int seed, Func<int[], double> figure)
    {
        var random = new Random(seed);
        var (drawn, figures) = (new int[count], new double[Resamples]);
        for (var i = 0; i < figures.Length; i++)
        {
            for (var j = 0; j < drawn.Length; j++)
            {
                drawn[j] = random.Next(count);
            }

            figures[i] = figure(drawn);
        }

        return figures;
    }

    public static Interval Percentiles(double[] figures)
    {
        var sorted = figures.Order().ToArray();
        return new(At(0.025), At(0.975));

        double At(double quantile) => sorted[(int)Math.Round(quantile * (sorted.Length - 1))];
    }
}
