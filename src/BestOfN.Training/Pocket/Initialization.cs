using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>Decoders of the InternLM2 family with random weights that want gradients.</summary>
internal static class Initialization
{
    /// <summary>Normal with deviation 1/√(inputs); what is added to the residual stream is scaled down by its depth; norms are one, Plora_B
    /// is zero.</summary>
    /// <param name="configuration">Sizes.</param>
    /// <param name="generator">Where the randomness comes from.</param>
    public static Decoder Decoder(DecoderConfiguration configuration, Generator generator) => DecoderLoader.Load(
        InternLM2.Family,
        configuration,
        (name, shape) => Fresh(name, shape, configuration, generator),
        mode: ComputeMode.Training);

    /// <summary>The same decoder with fresh layers on top. Shares the weights it had, so that only one of the two need be disposed;
    /// disposing both is harmless.</summary>
    public static Decoder Extend(Decoder decoder, int layers, Generator generator)
    {
        var known = decoder.Parameters.ToDictionary();
        var configuration = decoder.Configuration with { Layers = decoder.Configuration.Layers + layers };
        return DecoderLoader.Load(
            InternLM2.Family, configuration,
            (name, shape) => known.TryGetValue(name, out var weight) ? weight : Fresh(name, shape, configuration, generator),
            mode: ComputeMode.Training);
    }

    /// <summary>
    /// An image encoder with random weights: as the decoder's, biases zero, separators and the vision encoder's embeddings with deviation
    /// 0.5, half of what a patch gives, so that places are told apart from the first step.
    /// </summary>
    /// <param name="configuration">Sizes of the vision encoder.</param>
    /// <param name="hiddenSize">The decoder's.</param>
    /// <param name="generator">Where the randomness comes from.</param>
    public static ImageEncoder Vision(VisionConfiguration configuration, int hiddenSize, Generator generator) =>
        ImageEncoder.Load(configuration, hiddenSize, (name, shape) =>
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal))
            {
                return zeros(shape.ToArray(), requires_grad: true);
            }

            if (shape.Length == 1 && !name.Contains("class_embedding", StringComparison.Ordinal))
            {
                return ones(shape.ToArray(), requires_grad: true);
            }

            long size = 1, inputs = 1;
            for (var i = 0; i < shape.Length; i++)
            {
                size *= shape[i];
                inputs *= i == 0 ? 1 : shape[i];
            }

            var residual = name.Contains("out_proj", StringComparison.Ordinal) || name.Contains("fc2", StringComparison.Ordinal);
            var chosen = name.Contains("class_embedding", StringComparison.Ordinal) || name.Contains("position", StringComparison.Ordinal)
                || name.EndsWith("_GN", StringComparison.Ordinal);
            var deviation = chosen ? 0.5 : 1 / Math.Sqrt(inputs) / (residual ? Math.Sqrt(2 * configuration.Layers) : 1);
            using var scope = NewDisposeScope();
            using TorchSharp.Scalar held = deviation;
            return (randn(1, size, generator: generator) * held).view(shape.ToArray()).requires_grad_(true).DetachFromDisposeScope();
        }, mode: ComputeMode.Training);

    /// <summary>A matrix that wants gradients; the caller owns it.</summary>
    public static Tensor Matrix(long rows, long columns, double deviation, Generator generator)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar held = deviation;
        return (randn(rows, columns, generator: generator) * held).requires_grad_(true).DetachFromDisposeScope();
    }

    private static Tensor Fresh(string name, ReadOnlySpan<long> shape, DecoderConfiguration configuration, Generator generator)
    {
        if (shape.Length == 1)
        {
            return ones(shape.ToArray(), requires_grad: true);
        }

        if (name.Contains("Plora_B", StringComparison.Ordinal))
        {
            return zeros(shape.ToArray(), requires_grad: true);
        }

        var residual = name.Contains(".wo.weight", StringComparison.Ordinal) || name.Contains(".w2.weight", StringComparison.Ordinal);
        var deviation = name.Contains("embeddings", StringComparison.Ordinal) ? 1.0 : 1 / Math.Sqrt(shape[1]);
        return Matrix(shape[0], shape[1], residual ? deviation / Math.Sqrt(2 * configuration.Layers) : deviation, generator);
    }
}
