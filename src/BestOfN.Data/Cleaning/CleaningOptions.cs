using System.Text.Json;
using System.Text.Json.Serialization;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Cleaning;

/// <summary>How a corpus is read and what is dropped. A file of options has these members in snake case.</summary>
public sealed record CleaningOptions
{
    private const int LargestFile = 1 << 20;
    private const int MostGrounding = 16;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
    };

    /// <summary><c>auto</c>, <c>llava</c>, <c>sharegpt</c>, <c>ixc</c> or <c>openai</c>.</summary>
    public string Format { get; init; } = "auto";

    /// <summary>The input, where the command names none; from the file of options on.</summary>
    public string? Data { get; init; }

    /// <summary>Where paths of images begin; from the input's folder on.</summary>
    public string ImageRoot { get; init; } = ".";

    /// <summary>The field that names a record's source; records without it are of the source <c>FILE</c>, the input's name.</summary>
    public string SourceField { get; init; } = "source";

    /// <summary><c>robust_z</c>, <c>percentile</c> or <c>absolute</c>.</summary>
    public string Rule { get; init; } = "robust_z";

    /// <summary>Rule robust_z: a record is dropped below −z.</summary>
    public double Z { get; init; } = 3;

    /// <summary>Rule percentile: the share that is dropped.</summary>
    public double Percentile { get; init; } = 0.05;

    /// <summary>Rule absolute: a record is dropped below this score.</summary>
    public double Absolute { get; init; } = double.NegativeInfinity;

    /// <summary>The largest share of a source that is dropped for its reward.</summary>
    public double MaxDrop { get; init; } = 0.1;

    /// <summary>How many turns at the source's median a length bin's median is mixed with.</summary>
    public double Shrink { get; init; } = 20;

    /// <summary>The least spread.</summary>
    public double SigmaFloor { get; init; } = 0.1;

    /// <summary>A source with fewer turns takes shape and spread from all sources together.</summary>
    public int MinSource { get; init; } = 30;

    /// <summary>In a source with fewer turns nothing is dropped for its reward.</summary>
    public int MinJudged { get; init; } = 5;

    /// <summary>A record with an answer without a score is dropped.</summary>
    public bool DropUnscored { get; init; } = true;

    /// <summary>Turns need not alternate between user and assistant.</summary>
    public bool AllowRoleOrder { get; init; }

    /// <summary>Answers that count as empty, such as <c>N/A</c>.</summary>
    public IReadOnlyList<string> EmptyWords { get; init; } = [];

    /// <summary><c>drop_record</c>, or <c>truncate</c>: a record with several answers is kept up to the last answer before the first with
    /// a low reward.</summary>
    public string Turns { get; init; } = "drop_record";

    /// <summary>A record that is nearly the same as an earlier one is dropped, too.</summary>
    public bool NearDuplicates { get; init; }

    /// <summary>With how many images of other records of its source the first answer of a record is scored, too; 0: none.</summary>
    public int Grounding { get; init; }

    /// <summary>Share of the records that are scored with noise, too, to see how much of it the rule finds.</summary>
    public double Plant { get; init; }

    /// <summary>Decides what noise is planted where.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="InvalidDataException">A member is unknown or out of range. The message names file and member.</exception>
    public static CleaningOptions Load(string path)
    {
        CleaningOptions options;
        try
        {
            options = JsonSerializer.Deserialize<CleaningOptions>(RegularFile.ReadAllText(path, LargestFile), s_json)
                ?? throw new InvalidDataException($"{path}: expected an object");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{path}: {(e.Message.Contains("could not be mapped", StringComparison.Ordinal) ? e.Message : JsonText.Describe(e))}", e);
        }

        return options.Mistake() is { } mistake ? throw new InvalidDataException($"{path}: {mistake}") : options;
    }

    /// <summary>What makes no sense; null: nothing.</summary>
    public string? Mistake() =>
        Format is not ("auto" or "llava" or "sharegpt" or "ixc" or "openai") ? "format: expected auto, llava, sharegpt, ixc or openai"
        : Rule is not ("robust_z" or "percentile" or "absolute") ? "rule: expected robust_z, percentile or absolute"
        : Percentile is not (>= 0 and <= 1) ? "percentile: expected 0 to 1"
        : MaxDrop is not (>= 0 and <= 1) ? "max_drop: expected 0 to 1"
        : Shrink is not >= 0 ? "shrink: expected 0 or more"
        : SigmaFloor is not > 0 ? "sigma_floor: expected more than 0"
        : Turns is not ("drop_record" or "truncate") ? "turns: expected drop_record or truncate"
        : Grounding is not (>= 0 and <= MostGrounding) ? $"grounding: expected 0 to {MostGrounding}"
        : Plant is not (>= 0 and <= 1) ? "plant: expected 0 to 1"
        : Rule == "absolute" && double.IsNegativeInfinity(Absolute) ? "absolute: expected the score below which the rule drops"
        : null;
}
