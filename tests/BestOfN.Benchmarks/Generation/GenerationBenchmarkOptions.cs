using System.Globalization;

namespace BestOfN.Benchmarks.Generation;

internal sealed record GenerationBenchmarkOptions
{
    public const string Usage =
        "generation [--engine own|llama] [--json FILE] [--device cpu|cuda] [--threads N] [--prompt P] [--rounds R] [--steps S] [--n N]…";

    /// <summary>Whether llama.cpp takes turns with the own engine, over the same weights.</summary>
    public bool WithLlama { get; private init; }

    public string? Json { get; private init; }

    public string Device { get; private init; } = "cpu";

    public int? Threads { get; private init; }

    /// <summary>Tokens of the prompt.</summary>
    public int Prompt { get; private init; } = 1024;

    /// <summary>How often every N has its turn.</summary>
    public int Rounds { get; private init; } = 16;

    /// <summary>Steps of one turn. Answers grow to rounds times steps tokens.</summary>
    public int Steps { get; private init; } = 4;

    public IReadOnlyList<int> Candidates { get; private init; } = [1, 4, 16, 64];

    public static GenerationBenchmarkOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new GenerationBenchmarkOptions();
        var candidates = new List<int>();
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--engine" when value is "own" or "llama" => options with { WithLlama = value == "llama" },
                "--json" => options with { Json = value },
                "--device" when value is "cpu" or "cuda" => options with { Device = value },
                "--threads" => options with { Threads = Number(value) },
                "--prompt" => options with { Prompt = Number(value) },
                "--rounds" => options with { Rounds = Number(value) },
                "--steps" => options with { Steps = Number(value) },
                "--n" => options with { Candidates = [.. candidates = [.. candidates, Number(value)]] },
                _ => throw new ArgumentException($"usage: {Usage}"),
            };
        }

        return options;
    }

    private static int Number(string value) => int.Parse(value, CultureInfo.InvariantCulture);
}
