using System.Globalization;

namespace BestOfN.Benchmarks.Scoring;

internal sealed record ScoringBenchmarkOptions
{
    public const string Usage = "scoring [--json FILE] [--device cpu|cuda] [--threads N] [--minutes M] [--case P,A,N]…";

    public string? Json { get; private init; }

    public string Device { get; private init; } = "cpu";

    public int? Threads { get; private init; }

    /// <summary>The whole run aims at this; one round of everything is the least.</summary>
    public double Minutes { get; private init; } = 5;

    public IReadOnlyList<(int P, int A, int N)> Cases { get; private init; } =
        [(1024, 64, 16), (512, 256, 8), (256, 256, 16), (1024, 64, 64)];

    public static ScoringBenchmarkOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new ScoringBenchmarkOptions();
        var cases = new List<(int, int, int)>();
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--json" => options with { Json = value },
                "--device" when value is "cpu" or "cuda" => options with { Device = value },
                "--threads" => options with { Threads = int.Parse(value, CultureInfo.InvariantCulture) },
                "--minutes" => options with { Minutes = double.Parse(value, CultureInfo.InvariantCulture) },
                "--case" => options with { Cases = Add(cases, value) },
                _ => throw new ArgumentException($"usage: {Usage}"),
            };
        }

        return options;
    }

    private static List<(int, int, int)> Add(List<(int, int, int)> cases, string value)
    {
        var numbers = value.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        cases.Add((numbers[0], numbers[1], numbers[2]));
        return cases;
    }
}
