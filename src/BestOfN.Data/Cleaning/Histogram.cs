namespace BestOfN.Data.Cleaning;

/// <summary>How often values fall into steps of equal width; what lies outside counts in the first or last.</summary>
internal sealed class Histogram
{
    private const int Steps = 40;

    public Histogram(double from, double to) => (From, Width) = (from, Math.Max(to - from, 1e-6) / Steps);

    /// <summary>Where the first step begins.</summary>
    public double From { get; }

    public double Width { get; }

    public int[] Counts { get; } = new int[Steps];

    public void Add(double value) => Counts[(int)Math.Clamp(Math.Floor((value - From) / Width), 0, Steps - 1)]++;
}
