using BestOfN.Models.Networks.Vision;
using BestOfN.Models.Weights;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>A decoder with a reward head, and the facts of its family about which tokens are read.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights and the checkpoint they are mapped from.</remarks>
public sealed class RewardNetwork : IDisposable
{
    internal static readonly string[] Architectures =
    [
        "InternLM2ForRewardModel", "LlamaForSequenceClassification", "Qwen2ForSequenceClassification", "Qwen3ForSequenceClassification",
        "Qwen2ForRewardModel", "Qwen2ForProcessRewardModel",
    ];

    private readonly Checkpoint? _checkpoint;

    internal RewardNetwork(Decoder decoder, RewardHead head, Checkpoint? checkpoint = null) => (Decoder, Head, _checkpoint) = (decoder, head, checkpoint);

    public required string Architecture { get; init; }

    public Decoder Decoder { get; }

    /// <summary>Reads pictures; null where the model sees text only.</summary>
    public PictureEncoder? Pictures { get; init; }

    public RewardHead Head { get; }

    /// <summary>Appended to every sequence unless it ends with it already, and then read (InternLM2); null: the last token is read.</summary>
    public int? RewardTokenId { get; init; }

    /// <summary>The token that ends every step and is read there; null where the model does not score steps.</summary>
    public int? StepTokenId { get; init; }

    /// <summary>True where every step of an answer has a reward of its own.</summary>
    public bool ScoresSteps => Head.Outputs == 2;

    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">float32 or bfloat16: the type of the decoder; the head is float32.</param>
    /// <param name="device">Where to run.</param>
    /// <exception cref="CheckpointException">Anything about the folder is not as expected; nothing stays loaded.</exception>
    public static RewardNetwork Load(string folder, ScalarType type, Device device) => Load(folder, type, device, Checkpoint.Open);

    internal static RewardNetwork Load(string folder, ScalarType type, Device device, Func<string, Checkpoint> open)
    {
        var configuration = ModelConfiguration.Load(folder);
        var family = DecoderFamilies.Of(configuration, Architectures);
        var sizes = family.Read(configuration);
        var steps = configuration.Architecture == "Qwen2ForProcessRewardModel";
        var labels = configuration.Count("id2label") ?? configuration.WholeNumber("num_labels", steps ? 2 : 1);
        if (labels != (steps ? 2 : 1))
        {
            throw new CheckpointException($"{configuration.FilePath}: num_labels: expected {(steps ? 2 : 1)}, found {labels}.");
        }

        var checkpoint = open(folder);
        Decoder? decoder = null;
        try
        {
            decoder = DecoderLoader.Load(family, sizes, (name, shape) => checkpoint.Take(name, shape, type, device));
            var head = RewardHead.Load(checkpoint, sizes.HiddenSize, labels, device);
            return new RewardNetwork(decoder, head, checkpoint)
            {
                Architecture = configuration.Architecture,
                RewardTokenId = family.Prefix == "InternLM2" ? configuration.TokenId("reward_token_id") ?? 92_527 : null,
                StepTokenId = steps ? configuration.TokenId("step_token_id") : null,
            };
        }
        catch
        {
            decoder?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Decoder.Dispose();
        Head.Dispose();
        _checkpoint?.Dispose();
    }
}
