using System.Globalization;

namespace BestOfN.Fuzz;

/// <summary>What was asked for.</summary>
internal sealed record FuzzOptions
{
    public const string Usage = """
        Usage: BestOfN.Fuzz [--reader NAME] [--seconds N] [--cases N] [--seed N] [--case N] [--output DIR]
          --reader NAME   One reader; without it all of them, one after the other. --list names them.
          --seconds N     How long each reader is tried (10).
          --cases N       Cases of each reader at least (500), however long they take.
          --seed N        Which cases are made (1); the same seed makes the same cases.
          --case N        Only this case, in this process, with whatever it throws.
          --output DIR    Where failing inputs are saved.
        """;

    public string? Reader { get; private init; }

    public double Seconds { get; private init; } = 10;

    public int Cases { get; private init; } = 500;

    public int Seed { get; private init; } = 1;

    public int? Case { get; private init; }

    public string Output { get; private init; } = Path.Combine(Path.GetTempPath(), "bestofn-fuzz");

    /// <summary>This process runs the cases and may die of one.</summary>
    public bool IsChild { get; private init; }

    public bool Lists { get; private init; }

    /// <exception cref="FormatException">The arguments are wrong.</exception>
    public static FuzzOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new FuzzOptions();
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            options = args[i] switch
            {
                "--reader" => options with { Reader = value },
                "--seconds" => options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
                "--cases" => options with { Cases = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seed" => options with { Seed = int.Parse(value, CultureInfo.InvariantCulture) },
                "--case" => options with { Case = int.Parse(value, CultureInfo.InvariantCulture) },
                "--output" => options with { Output = value },
                "--child" => options with { IsChild = true },
                "--list" => options with { Lists = true },
                _ => throw new FormatException($"{args[i]} is unknown."),
            };
            i += args[i] is "--child" or "--list" ? 0 : 1;
        }

        return options;
    }
}
