namespace BestOfN.Training.Policy.Objectives;

/// <summary>Mean and variance of numbers, computed in two passes.</summary>
internal static class Moments
{
    /// <param name="values">Finite numbers.</param>
    /// <param name="isUnbiased">Divides by n − 1; else by n.</param>
    /// <returns>0 and 0 where there are none; variance 0 where one number is too few.</returns>
    public static (double Mean, double Variance) Of(IEnumerable<double> values, bool isUnbiased)
    {
        var all = values as IReadOnlyCollection<double> ?? [.. values];
        if (all.Count == 0)
        {
            return (0, 0);
        }

        var mean = all.Average();
        var divisor = isUnbiased ? all.Count - 1 : all.Count;
        return (mean, divisor == 0 ? 0 : all.Sum(v => (v - mean) * (v - mean)) / divisor);
    }

    /// <summary>Standard deviation with n − 1.</summary>
    public static double Deviation(IEnumerable<double> values) => Math.Sqrt(Of(values, isUnbiased: true).Variance);
}
