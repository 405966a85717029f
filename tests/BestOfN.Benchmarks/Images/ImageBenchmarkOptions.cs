using System.Globalization;

namespace BestOfN.Benchmarks.Images;

internal sealed record ImageBenchmarkOptions
{
    public const string Switch = "--images";

    public const string Usage =
        "scoring --images [--json FILE] [--device cpu|cuda] [--threads N] [--minutes M] [--case SIDE,N]… (a picture of SIDE x SIDE tiles)";

    public string? Json { get; private init; }

    public string Device { get; private init; } = "cpu";

    public int? Threads { get; private init; }

    /// <summary>The whole run aims at this; one round of everything is the least.</summary>
    public double Minutes { get; private init; } = 10;

    public IReadOnlyList<ImageCase> Cases { get; private init; } =
        [.. Enumerable.Range(1, ImageModel.LargestSide).SelectMany(side => new[] { 4, 8, 16 }.Select(n => new ImageCase(side, n)))];

    public static ImageBenchmarkOptions Parse(IEnumerable<string> arguments)
    {
        var options = new ImageBenchmarkOptions();
        var cases = new List<ImageCase>();
        foreach (var pair in arguments.Where(a => a != Switch).Chunk(2))
        {
            var value = pair.ElementAtOrDefault(1);
            options = (pair[0], value) switch
            {
                ("--json", { }) => options with { Json = value },
                ("--device", "cpu" or "cuda") => options with { Device = value },
                ("--threads", { }) => options with { Threads = int.Parse(value, CultureInfo.InvariantCulture) },
                ("--minutes", { }) => options with { Minutes = double.Parse(value, CultureInfo.InvariantCulture) },
                ("--case", { }) => options with { Cases = Add(cases, value) },
                _ => throw new ArgumentException($"usage: {Usage}"),
            };
        }

        return options;
    }

    private static List<ImageCase> Add(List<ImageCase> cases, string value)
    {
        var numbers = value.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        if (numbers is not [>= 1 and <= ImageModel.LargestSide, >= 1])
        {
            throw new ArgumentException(
                $"--case: expected SIDE,N with SIDE from 1 to {ImageModel.LargestSide} and N from 1, found {value}.");
        }

        cases.Add(new ImageCase(numbers[0], numbers[1]));
        return cases;
    }
}
