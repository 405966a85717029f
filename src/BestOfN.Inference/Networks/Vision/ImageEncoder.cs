using BestOfN.Inference.Kernels;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Images;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks.Vision;

/// <summary>From pixels to the vectors that a decoder reads: tower, 2 × 2 merge, separators, projection.</summary>
/// <remarks>
/// Layout of InternLM-XComposer-2.5 (https://arxiv.org/abs/2407.03320). F = 4 · tower width, C = the decoder's hidden size. Gradients flow
/// where it is loaded for training. Not thread-safe: one owner thread per device. Owns its weights.
/// </remarks>
public sealed class ImageEncoder : IDisposable
{
    /// <summary>Where the vision encoder's tensors are in the checkpoint.</summary>
    internal const string TowerPrefix = "vit.vision_tower.vision_model.";

    // As CLIP was trained: Radford et al. 2021, the published preprocessor's image_mean and image_std.
    private static readonly float[] s_mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] s_deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    private static readonly Scalar s_white = 255f;
    private static readonly Scalar s_minusOne = -1;

    // Tokens that are in the vision encoder at once: 5 views of the published size. More would not be faster and would need more memory.
    private const int TokensPerPass = 8192;

    private readonly IReadOnlyList<KeyValuePair<string, Tensor>> _parameters;
    private readonly ComputeMode _mode;

    // Fields bear the names of the checkpoint.
    private readonly Tensor plora_glb_GN;     // between the global view and the tiles, once per image, [1, 1, F]
    private readonly Tensor plora_sub_GN;     // at the end of every row of cells, of the global view as well as of the tiles, [1, 1, 1, F]
    private readonly Affine vision_proj_0;
    private readonly Affine vision_proj_2;

    private ImageEncoder(
        VisionConfiguration configuration,
        int hiddenSize,
        WeightSource source,
        WeightSource product,
        ComputeMode mode,
        IReadOnlyList<KeyValuePair<string, Tensor>> parameters,
        ScalarType? productType = null)
    {
        (Configuration, _mode, _parameters) = (configuration, mode, parameters);
        long merged = 4L * configuration.HiddenSize;
        Tower = VisionEncoder.Load(configuration, TowerPrefix, source, product, mode, productType);
        plora_glb_GN = source("plora_glb_GN", [1, 1, merged]);
        plora_sub_GN = source("plora_sub_GN", [1, 1, 1, merged]);
        Affine Projector(int layer, long inputs) => new(
            product($"vision_proj.{layer}.weight", [hiddenSize, inputs]), source($"vision_proj.{layer}.bias", [hiddenSize]), productType);
        vision_proj_0 = Projector(0, merged);
        vision_proj_2 = Projector(2, hiddenSize);
    }

    public VisionConfiguration Configuration { get; }

    /// <summary>Weights by the checkpoint's names.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters => _parameters;

    public ScalarType Type => plora_sub_GN.dtype;

    public Device Device => plora_sub_GN.device;

    /// <summary>Most tiles that an image may be cut into where the folder does not say: the published code's default of
    /// <c>hd_num</c>.</summary>
    public const int DefaultMaxTiles = 24;

    internal VisionEncoder Tower { get; }

    /// <summary>Puts an encoder together from a checkpoint or from fresh weights; nothing is left behind when the source throws.</summary>
    /// <param name="configuration">Sizes of the vision encoder.</param>
    /// <param name="hiddenSize">C.</param>
    /// <param name="source">Gives every tensor by name and shape, or throws.</param>
    /// <param name="prepack">What becomes of the weights of products, such as <see cref="Runtime.Aten.PrepackFor"/>; null: they stay as
    /// they are.</param>
    /// <param name="mode">What it is for.</param>
    internal static ImageEncoder Load(
        VisionConfiguration configuration, int hiddenSize, WeightSource source, Func<Tensor, Tensor>? prepack = null,
        ComputeMode mode = ComputeMode.Inference)
    {
        var parameters = new List<KeyValuePair<string, Tensor>>();
        WeightSource Keeping(Func<Tensor, Tensor>? how) => (name, shape) =>
        {
            var tensor = Operators.Keep(source(name, shape), how);
            parameters.Add(new(name, tensor));
            return tensor;
        };

        try
        {
            return new ImageEncoder(configuration, hiddenSize, Keeping(null), Keeping(prepack), mode, parameters);
        }
        catch
        {
            foreach (var (_, tensor) in parameters)
            {
                tensor.Dispose();
            }

            throw;
        }
    }

    /// <summary>The same encoder for another use. The weights are shared and stay this encoder's.</summary>
    /// <param name="mode">What the new encoder is for.</param>
    /// <param name="productType">Type of products in training; null: the weights' own.</param>
    internal ImageEncoder With(ComputeMode mode, ScalarType? productType)
    {
        var weights = _parameters.ToDictionary();
        Tensor Known(string name, ReadOnlySpan<long> shape) => weights[name];
        return new ImageEncoder(Configuration, (int)vision_proj_2.Weight.size(0), Known, Known, mode, [], productType);
    }

    /// <summary>Encodes images; the global views and tiles of all of them go through the vision encoder together.</summary>
    /// <remarks>
    /// The tower takes at most 8192 tokens at once (5 views of the published size), so that what its blocks need in between does not grow
    /// with the images; what does grow are the pixels in float32 and the features. In training everything is kept for the way back.
    /// </remarks>
    /// <returns>For each image its vectors, [<see cref="TiledImage.TokenCount"/>, C], owned by the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">An image is not made of whole tiles of this tower's size.</exception>
    public Tensor[] Encode(IReadOnlyList<TiledImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        var views = new Tensor[images.Count];
        for (var i = 0; i < views.Length; i++)
        {
            using var pixels = Normalise(images[i]);
            views[i] = Views(pixels).to(Type);
        }

        var features = Features(views.Length == 1 ? views[0] : cat(views, 0));
        var sequences = new Tensor[views.Length];
        long view = 0;
        for (var i = 0; i < views.Length; i++)
        {
            var count = 1 + (images[i].Rows * images[i].Columns);
            sequences[i] = Arrange(features.narrow(0, view, count), images[i].Rows, images[i].Columns);
            view += count;
        }

        var projected = Project(sequences.Length == 1 ? sequences[0] : cat(sequences, 0));
        return [.. projected.split([.. sequences.Select(s => s.size(0))], 0).Select(t => t.MoveToOuterDisposeScope())];
    }

    /// <summary>Bytes to numbers: divided by 255, less CLIP's mean, by its deviation.</summary>
    /// <returns>[1, 3, height, width] float32 on <see cref="Device"/>, owned by the caller's dispose scope.</returns>
    internal Tensor Normalise(TiledImage image)
    {
        var (pixels, tile) = (image.Pixels, Configuration.ImageSize);
        if (image.Tile != tile || pixels.Width % tile != 0 || pixels.Height % tile != 0)
        {
            throw new ArgumentException(
                $"Expected a picture of whole tiles of {tile} pixels, found {pixels.Width} x {pixels.Height} pixels in tiles of "
                    + $"{image.Tile}.", nameof(image));
        }

        using var scope = NewDisposeScope();
        var bytes = empty([pixels.Height, pixels.Width, 3], ScalarType.Byte);
        pixels.Pixels.Span.CopyTo(bytes.bytes);
        var numbers = bytes.to(Device).permute(2, 0, 1).contiguous().to(ScalarType.Float32);
        numbers.div_(s_white);
        numbers.add_(tensor(s_mean, device: Device).view(3, 1, 1), s_minusOne);
        numbers.div_(tensor(s_deviation, device: Device).view(3, 1, 1));
        return numbers.unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>The global view, then the tiles, rows from top to bottom.</summary>
    /// <param name="pixels">A normalised image of whole tiles, [1, 3, height, width] float32.</param>
    /// <returns>[1 + tiles, 3, S, S] float32, owned by the caller's dispose scope.</returns>
    internal Tensor Views(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        long S = Configuration.ImageSize, rows = pixels.size(2) / S, columns = pixels.size(3) / S;

        // The whole image, padding included, pressed into one tile whatever its proportions: so the model was trained.
        var whole = F.interpolate(pixels, size: [S, S], mode: InterpolationMode.Bicubic, align_corners: false);
        var tiles = pixels.view(3, rows, S, columns, S).permute(1, 3, 0, 2, 4).reshape(rows * columns, 3, S, S);
        return cat([whole, tiles], 0).MoveToOuterDisposeScope();
    }

    /// <summary>The tower's features of any number of views, a bounded number at a time.</summary>
    /// <param name="views">[V, 3, S, S] in <see cref="Type"/>.</param>
    /// <returns>[V, P², F / 4], owned by the caller's dispose scope.</returns>
    internal Tensor Features(Tensor views)
    {
        using var scope = NewDisposeScope();
        var V = views.size(0);
        var together = Math.Max(1, TokensPerPass / ((Configuration.Patches * Configuration.Patches) + 1));
        var parts = new List<Tensor>();
        for (long first = 0; first < V; first += together)
        {
            parts.Add(Tower.Forward(views.narrow(0, first, Math.Min(together, V - first))));
        }

        return (parts.Count == 1 ? parts[0] : cat(parts, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>Merges 2 × 2 patches into cells and puts cells and separators of one image into their order.</summary>
    /// <param name="features">[1 + rows · columns, P², F / 4], the global view first.</param>
    /// <param name="rows">Tiles from top to bottom.</param>
    /// <param name="columns">Tiles from left to right.</param>
    /// <returns>[tokens, F], owned by the caller's dispose scope.</returns>
    internal Tensor Arrange(Tensor features, long rows, long columns)
    {
        using var scope = NewDisposeScope();
        long c = Configuration.Cells, width = 4L * Configuration.HiddenSize;

        // Within a cell: upper left, upper right, lower left, lower right.
        var cells = features.reshape(1 + (rows * columns), c, 2, c, 2, Configuration.HiddenSize).permute(0, 1, 3, 2, 4, 5)
            .reshape(1 + (rows * columns), c, c, width);
        var tiles = cells.narrow(0, 1, rows * columns).view(rows, columns, c, c, width).permute(0, 2, 1, 3, 4)
            .reshape(rows * c, columns * c, width);
        return cat([WithNewlines(cells[0]), plora_glb_GN.view(1, width), WithNewlines(tiles)], 0).MoveToOuterDisposeScope();
    }

    /// <summary>The projector, applied to separators as well: linear, exact GELU, linear.</summary>
    /// <param name="merged">[tokens, F].</param>
    /// <returns>[tokens, C], owned by the caller's dispose scope.</returns>
    internal Tensor Project(Tensor merged)
    {
        using var scope = NewDisposeScope();
        return vision_proj_2.Linear(F.gelu(vision_proj_0.Linear(merged, _mode)), _mode).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var (_, tensor) in _parameters)
        {
            tensor.Dispose();
        }
    }

    // [rows, columns, F] → [rows · (columns + 1), F].
    private Tensor WithNewlines(Tensor grid)
    {
        long rows = grid.size(0), width = grid.size(2);
        return cat([grid, plora_sub_GN.view(1, 1, width).expand(rows, 1, width)], 1).view(-1, width);
    }
}
