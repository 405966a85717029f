using System.Globalization;

namespace BestOfN.Benchmarks.Cleaning;

/// <summary>Which corpus is made.</summary>
internal sealed record PocketCorpusOptions
{
    public const string Usage =
        "cleaning corpus --output DIR [--records N] [--seed S] [--noise SHARE-OF-EACH-KIND] [--kinds KIND,…] [--worlds WORLD,…]";

    public required string Output { get; init; }

    public int Records { get; init; } = 20_000;

    public ulong Seed { get; init; } = 1;

    /// <summary>Share of the records that each kind of noise is planted in.</summary>
    public double Noise { get; init; } = 0.02;

    public IReadOnlyList<CorpusNoise> Kinds { get; init; } = [.. Enum.GetValues<CorpusNoise>().Skip(1)];

    /// <summary>Record i is of world i modulo their number.</summary>
    public IReadOnlyList<string> Worlds { get; init; } = ["pocket-image", "pocket-image", "pocket-image", "pocket-text"];

    public static PocketCorpusOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new PocketCorpusOptions { Output = "" };
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--output" => options with { Output = value },
                "--records" => options with { Records = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seed" => options with { Seed = ulong.Parse(value, CultureInfo.InvariantCulture) },
                "--noise" => options with { Noise = double.Parse(value, CultureInfo.InvariantCulture) },
                "--kinds" => options with { Kinds = [.. value.Split(',').Select(kind => Enum.Parse<CorpusNoise>(kind, ignoreCase: true))] },
                "--worlds" => options with { Worlds = value.Split(',') },
                _ => throw new ArgumentException($"usage: {Usage}"),
            };
        }

        return options.Output.Length > 0 ? options : throw new ArgumentException($"usage: {Usage}");
    }
}
