using System.Globalization;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks.Vision;

/// <summary>
/// A CLIP vision transformer: patches of normalised pixels in, one feature per patch out. Its features are the last block's, without a norm
/// after it.
/// </summary>
/// <remarks>
/// Radford et al. 2021, https://arxiv.org/abs/2103.00020. V views, P patches along a side, T = P² + 1 tokens with the class token first, C
/// hidden size. Not thread-safe. Does not own its weights: its loader disposes them.
/// </remarks>
internal sealed class VisionEncoder
{
    private readonly VisionConfiguration _c;
    private readonly ComputeMode _mode;

    private VisionEncoder(VisionConfiguration configuration, ComputeMode mode) => (_c, _mode) = (configuration, mode);

    public required Tensor class_embedding { get; init; }

    public required Tensor patch_embedding { get; init; }

    public required Tensor position_embedding { get; init; }

    public required Affine pre_layrnorm { get; init; }   // the checkpoint's own spelling

    public required IReadOnlyList<VisionLayer> Layers { get; init; }

    /// <summary>Puts the vision encoder together.</summary>
    /// <param name="configuration">Sizes.</param>
    /// <param name="prefix">What the names of its tensors begin with, such as <c>vit.vision_tower.vision_model.</c></param>
    /// <param name="source">Gives every tensor by name and shape, or throws.</param>
    /// <param name="product">As <paramref name="source"/>, for the weights of the blocks' products.</param>
    /// <param name="mode">What it is for.</param>
    /// <param name="productType">Type of the blocks' products; null: the weights' own.</param>
    public static VisionEncoder Load(
        VisionConfiguration configuration, string prefix, WeightSource source, WeightSource product, ComputeMode mode,
        ScalarType? productType = null)
    {
        long C = configuration.HiddenSize, I = configuration.IntermediateSize, p = configuration.PatchSize, P = configuration.Patches;
        Tensor Take(string name, params ReadOnlySpan<long> shape) => source(prefix + name, shape);
        Affine Norm(string name) => new(Take(name + ".weight", C), Take(name + ".bias", C));
        Affine Linear(string name, long outputs, long inputs) =>
            new(product(prefix + name + ".weight", [outputs, inputs]), Take(name + ".bias", outputs), productType);
        VisionLayer Layer(int j)
        {
            var layer = "encoder.layers." + j.ToString(CultureInfo.InvariantCulture);
            return new VisionLayer
            {
                layer_norm1 = Norm(layer + ".layer_norm1"),
                q_proj = Linear(layer + ".self_attn.q_proj", C, C),
                k_proj = Linear(layer + ".self_attn.k_proj", C, C),
                v_proj = Linear(layer + ".self_attn.v_proj", C, C),
                out_proj = Linear(layer + ".self_attn.out_proj", C, C),
                layer_norm2 = Norm(layer + ".layer_norm2"),
                fc1 = Linear(layer + ".mlp.fc1", I, C),
                fc2 = Linear(layer + ".mlp.fc2", C, I),
            };
        }

        return new VisionEncoder(configuration, mode)
        {
            class_embedding = Take("embeddings.class_embedding", C),
            patch_embedding = Take("embeddings.patch_embedding.weight", C, 3, p, p),
            position_embedding = Take("embeddings.position_embedding.weight", (P * P) + 1, C),
            pre_layrnorm = Norm("pre_layrnorm"),
            Layers = [.. Enumerable.Range(0, configuration.Layers).Select(Layer)],
        };
    }

    /// <summary>What goes into the first block.</summary>
    /// <param name="pixels">Normalised views, [V, 3, S, S], in the vision encoder's type.</param>
    /// <returns>[V, T, C], owned by the caller's dispose scope.</returns>
    public Tensor Embed(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        long V = pixels.size(0), P = _c.Patches, p = _c.PatchSize, C = _c.HiddenSize;

        // A convolution whose stride is its size is a product over the pixels of each patch.
        var patches = pixels.view(V, 3, P, p, P, p).permute(0, 2, 4, 1, 3, 5).reshape(V * P * P, 3 * p * p);
        var embedded = Operators.Linear(patches, patch_embedding.view(C, 3 * p * p), null, _mode).view(V, P * P, C);
        var tokens = cat([class_embedding.view(1, 1, C).expand(V, 1, C), embedded], 1).add(position_embedding, HeldScalar.One);
        return pre_layrnorm.Norm(tokens, _c.NormEpsilon).MoveToOuterDisposeScope();
    }

    /// <summary>Features of all patches, rows from top to bottom; the class token is dropped.</summary>
    /// <param name="pixels">Normalised views, [V, 3, S, S], in the vision encoder's type.</param>
    /// <returns>[V, P², C], owned by the caller's dispose scope.</returns>
    public Tensor Forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var x = Embed(pixels);
        foreach (var layer in Layers)
        {
            var next = layer.Forward(_c, x, _mode);
            if (_mode == ComputeMode.Inference)
            {
                x.Dispose();
            }

            x = next;
        }

        return x.narrow(1, 1, (long)_c.Patches * _c.Patches).MoveToOuterDisposeScope();
    }
}
