namespace BestOfN.Inputs.Images;

/// <summary>For one axis: the source samples that each output sample is made of, and their weights.</summary>
/// <remarks>When an image is made smaller, the kernel widens with the scale. The weights are integers with
/// <see cref="FractionBits"/> fractional bits.</remarks>
internal sealed class AxisWeights
{
    public const int FractionBits = 22;

    private readonly int[] _first, _start, _weights;

    public AxisWeights(int source, int target, ResamplingFilter filter)
    {
        var scale = (double)source / target;
        var stretch = Math.Max(scale, 1);
        var support = (filter == ResamplingFilter.Bilinear ? 1.0 : 2.0) * stretch;
        Func<double, double> kernel = filter == ResamplingFilter.Bilinear ? Triangle : Keys;

        var weights = new List<int>((int)Math.Min(1 << 20, target * (2 * Math.Ceiling(support))));
        var exact = new double[((int)Math.Ceiling(support) * 2) + 1];
        _first = new int[target];
        _start = new int[target + 1];
        for (var o = 0; o < target; o++)
        {
            var centre = (o + 0.5) * scale;
            var low = Math.Max(0, (int)(centre - support + 0.5));
            var high = Math.Min(source, (int)(centre + support + 0.5));
            var sum = 0.0;
            for (var x = low; x < high; x++)
            {
                sum += exact[x - low] = kernel((x - centre + 0.5) * (1 / stretch));
            }

            for (var x = low; x < high; x++)
            {
                var weight = sum == 0 ? exact[x - low] : exact[x - low] / sum;
                weights.Add((int)((weight * (1 << FractionBits)) + (weight < 0 ? -0.5 : 0.5)));
            }

            _first[o] = low;
            _start[o + 1] = weights.Count;
        }

        _weights = [.. weights];
    }

    /// <summary>The first source sample of an output sample, and the weights from there on.</summary>
    public ReadOnlySpan<int> At(int output, out int first)
    {
        first = _first[output];
        return _weights.AsSpan(_start[output].._start[output + 1]);
    }

    private static double Triangle(double x) => Math.Max(0, 1 - Math.Abs(x));

    private static double Keys(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        return x switch
        {
            < 1 => ((((a + 2) * x) - (a + 3)) * x * x) + 1,
            < 2 => ((((x - 5) * x) + 8) * x - 4) * a,
            _ => 0,
        };
    }
}
