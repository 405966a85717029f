using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;

namespace BestOfN.Inference.Scoring;

/// <summary>All that decides a row's score beside the row: scores of one fingerprint may stand in one file.</summary>
public sealed record ScoringFingerprint
{
    private static readonly JsonSerializerOptions s_json = new() { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>Digest of the contents of the files from which the model is loaded.</summary>
    public required string Model { get; init; }

    /// <summary>What the network computes in.</summary>
    public required string Type { get; init; }

    public required string Device { get; init; }

    public required string StepReward { get; init; }

    public required int? HdNum { get; init; }

    /// <summary>Another version of the program may read rows and models in another way.</summary>
    public string Program { get; init; } = typeof(ScoringFingerprint).Module.ModuleVersionId.ToString("N");

    /// <summary>Reads all of a model's files.</summary>
    /// <param name="folder">The model's.</param>
    /// <param name="type">What the network computes in.</param>
    /// <param name="device">Where.</param>
    /// <param name="options">How it is scored.</param>
    /// <param name="progress">Told how many bytes are read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ScoringFingerprint Of(
        string folder, torch.ScalarType type, torch.Device device, ScoringOptions options, IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        return new ScoringFingerprint
        {
            Model = FolderDigest.Of(folder, progress, cancellationToken),
            Type = type.ToString(),
            Device = device.type.ToString(),
            StepReward = options.StepReward.ToString(),
            HdNum = options.HdNum,
        };
    }

    /// <summary>Bytes of the files from which a model is loaded.</summary>
    public static long BytesOf(string folder) => FolderDigest.Files(folder).Sum(f => f.Length);

    /// <summary>The first difference, in words; null where nothing differs.</summary>
    internal string? DifferenceTo(ScoringFingerprint other) => this == other ? null
        : Model != other.Model ? "another model, or its files were changed"
        : Type != other.Type ? $"--dtype {Type}, now {other.Type}"
        : Device != other.Device ? $"--device {Device}, now {other.Device}"
        : StepReward != other.StepReward ? $"--step-reward {StepReward}, now {other.StepReward}"
        : HdNum != other.HdNum ? $"--hd-num {HdNum?.ToString() ?? "of the model"}, now {other.HdNum?.ToString() ?? "of the model"}"
        : "another version of bestofn";

    internal string ToLine() => JsonSerializer.Serialize(this, s_json);

    internal static ScoringFingerprint? FromLine(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<ScoringFingerprint>(line, s_json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
