using System.Globalization;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks.Families;

/// <summary>
/// InternLM-XComposer-2.5 and its reward model: InternLM2 that reads images through a CLIP tower and Partial LoRA.
/// Layout: https://huggingface.co/internlm/internlm-xcomposer2d5-7b-reward.
/// </summary>
/// <remarks>What a published folder does not say is taken from the shapes of its tensors, or else is the published code's constant and told
/// as an assumption.</remarks>
internal static class InternLMXComposer2
{
    public static DecoderFamily Family { get; } = InternLM2.Family with
    {
        Prefix = "InternLMXComposer2",
        ModelTypes = ["internlmxcomposer2", "internlm_xcomposer2", "internlm2", "internlm"],
    };

    private const int DefaultMaxLength = 16_384;

    public static bool Is(DecoderFamily family) => ReferenceEquals(family, Family);

    /// <summary>Adds rank and scale of Partial LoRA to the sizes of the decoder.</summary>
    /// <exception cref="CheckpointException">A field is impossible.</exception>
    public static DecoderConfiguration WithPartialLora(
        DecoderConfiguration sizes, ModelConfiguration c, Checkpoint checkpoint, List<string> assumptions)
    {
        var fused = Family.FusedQueryKeyValue!.Replace("{i}", "0", StringComparison.Ordinal) + ".Plora_A.weight";
        var stored = checkpoint.ShapeOf(fused) is { Count: 2 } shape ? (int)shape[0] : (int?)null;
        if (!c.Has("bias"))
        {
            assumptions.Add("bias: true, the published code's default");
        }

        if (!c.Has("plora_r") && stored is null)
        {
            return sizes;
        }

        var rank = c.WholeNumber("plora_r", stored);
        if (!c.Has("plora_alpha"))
        {
            assumptions.Add("plora_alpha: equal to the rank, so that Partial LoRA is not scaled");
        }

        return sizes with { PartialLoraRank = rank, PartialLoraScale = c.Number("plora_alpha", rank) / rank };
    }

    /// <summary>Loads what reads images; null where the folder holds none of it.</summary>
    /// <exception cref="CheckpointException">A tensor is missing or does not fit the configuration.</exception>
    public static ImageEncoder? LoadImageEncoder(
        ModelConfiguration c, DecoderConfiguration sizes, Checkpoint checkpoint, ScalarType type, Device device, List<string> assumptions,
        Func<Tensor, Tensor>? order = null, ComputeMode mode = ComputeMode.Inference)
    {
        if (!checkpoint.Entries.Any(e => e.Name.StartsWith(ImageEncoder.TowerPrefix, StringComparison.Ordinal)))
        {
            return null;
        }

        var vision = c.Section("vision_config") is { } section ? Read(section) : FromShapes(c, checkpoint, assumptions);
        if (vision.HiddenSize % vision.Heads != 0 || vision.ImageSize % (2 * vision.PatchSize) != 0)
        {
            throw new CheckpointException(
                $"{c.FilePath}: vision encoder: expected a hidden size that {vision.Heads} heads divide and an image of whole cells of "
                + $"2 x 2 patches of {vision.PatchSize} pixels, found {vision.HiddenSize} and {vision.ImageSize}.");
        }

        var above = Layer(vision.Layers) + "layer_norm1.weight";
        if (checkpoint.Contains(above))
        {
            throw new CheckpointException(
                $"{checkpoint.Folder}: tensor {above}: expected a vision encoder of {vision.Layers} layers, as the configuration says, "
                + "found more.");
        }

        return ImageEncoder.Load(vision, sizes.HiddenSize, (name, shape) => checkpoint.Take(name, shape, type, device), order, mode);
    }

    /// <summary>Most tiles that an image may be cut into.</summary>
    public static int MaxTiles(ModelConfiguration c, ImageEncoder? images, List<string> assumptions)
    {
        if (images is null)
        {
            return ImageEncoder.DefaultMaxTiles;
        }

        if (!c.Has("hd_num"))
        {
            assumptions.Add(
                $"hd_num: at most {ImageEncoder.DefaultMaxTiles} tiles per picture, the published code's default; published scores were "
                + "made with 9");
        }

        return c.WholeNumber("hd_num", ImageEncoder.DefaultMaxTiles, 1024);
    }

    /// <summary>Longest sequence in tokens.</summary>
    public static int MaxLength(ModelConfiguration c, List<string> assumptions)
    {
        if (!c.Has("max_length"))
        {
            assumptions.Add($"max_length: {DefaultMaxLength} tokens, as published");
        }

        return c.WholeNumber("max_length", DefaultMaxLength);
    }

    private static VisionConfiguration Read(ModelConfiguration section)
    {
        if (section.Has("num_channels") && section.WholeNumber("num_channels") != 3)
        {
            throw new CheckpointException($"{section.FilePath}: num_channels: expected 3, found {section.WholeNumber("num_channels")}.");
        }

        var published = new VisionConfiguration();
        return new VisionConfiguration
        {
            HiddenSize = section.WholeNumber("hidden_size", published.HiddenSize, 65_536),
            IntermediateSize = section.WholeNumber("intermediate_size", published.IntermediateSize, 1_000_000),
            Layers = section.WholeNumber("num_hidden_layers", published.Layers, 1024),
            Heads = section.WholeNumber("num_attention_heads", published.Heads, 1024),
            ImageSize = section.WholeNumber("image_size", published.ImageSize, 8192),
            PatchSize = section.WholeNumber("patch_size", published.PatchSize, 1024),
            QuickGelu = section.Text("hidden_act") switch
            {
                null or "quick_gelu" => true,
                "gelu" => false,
                var other => throw new CheckpointException($"{section.FilePath}: hidden_act: expected quick_gelu or gelu, found {other}."),
            },
            NormEpsilon = section.NotNegative("layer_norm_eps", published.NormEpsilon),
        };
    }

    // The published folder says nothing of its tower; what the shapes do not tell is as in internlm-xcomposer2d5-clip.
    private static VisionConfiguration FromShapes(ModelConfiguration c, Checkpoint checkpoint, List<string> assumptions)
    {
        IReadOnlyList<long> Shape(string name, int dimensions) =>
            checkpoint.ShapeOf(ImageEncoder.TowerPrefix + name) is { } shape && shape.Count == dimensions
            ? shape : throw new CheckpointException(
                $"{checkpoint.Folder}: tensor {ImageEncoder.TowerPrefix}{name}: expected {dimensions} dimensions; {c.FilePath} has no "
                + "vision_config.");

        var published = new VisionConfiguration();
        var patch = Shape("embeddings.patch_embedding.weight", 4);
        var positions = Shape("embeddings.position_embedding.weight", 2)[0];
        var layers = 0;
        while (layers < 1024 && checkpoint.Contains(Layer(layers) + "layer_norm1.weight"))
        {
            layers++;
        }

        assumptions.Add(
            $"vision_config: {published.Heads} heads, quick_gelu and layer_norm_eps "
                + $"{published.NormEpsilon.ToString(CultureInfo.InvariantCulture)} in the vision encoder, as published");
        return published with
        {
            HiddenSize = (int)patch[0],
            IntermediateSize = (int)Shape("encoder.layers.0.mlp.fc1.weight", 2)[0],
            Layers = layers,
            PatchSize = (int)patch[2],
            ImageSize = (int)(Math.Round(Math.Sqrt(Math.Max(1, positions - 1))) * patch[2]),
        };
    }

    private static string Layer(int j) => $"{ImageEncoder.TowerPrefix}encoder.layers.{j.ToString(CultureInfo.InvariantCulture)}.";
}
