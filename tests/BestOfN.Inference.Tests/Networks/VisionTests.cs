using System.Globalization;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Images;
using BestOfN.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Networks;

/// <summary>From pixels to vectors against stored reference outputs, float32: 1e-5 on pixels, 1e-4 on features.</summary>
public sealed class VisionTests
{
    private const double Tolerance = 1e-4;

    private static readonly VisionConfiguration s_small = new()
    {
        HiddenSize = 8,
        IntermediateSize = 12,
        Layers = 2,
        Heads = 2,
        ImageSize = 12,
        PatchSize = 3,
    };

    public static TheoryData<string> Cases =>
        ["ixc25-reward/image-1x1", "ixc25-reward/image-2x3", "ixc25-reward/image-portrait",
            "ixc25-reward/multi-image", "ixc25-reward/video-landscape"];

    [Theory, InlineData("clip-vision/quick-gelu"), InlineData("clip-vision/gelu-large-patchgrid")]
    public void Every_hidden_state_of_the_tower_matches_the_reference(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(GoldenFiles.Folder(folder));
        using var inputs = new GoldenTensors(folder, "inputs.safetensors");
        using var expected = new GoldenTensors(folder, "expected.safetensors");
        var config = GoldenFiles.Read(folder, "config.json");
        var configuration = new VisionConfiguration
        {
            HiddenSize = config.GetProperty("hidden_size").GetInt32(),
            IntermediateSize = config.GetProperty("intermediate_size").GetInt32(),
            Layers = config.GetProperty("num_hidden_layers").GetInt32(),
            Heads = config.GetProperty("num_attention_heads").GetInt32(),
            ImageSize = config.GetProperty("image_size").GetInt32(),
            PatchSize = config.GetProperty("patch_size").GetInt32(),
            QuickGelu = config.GetProperty("hidden_act").GetString() == "quick_gelu",
        };
        Tensor Take(string name, ReadOnlySpan<long> shape) => checkpoint.Take(name, shape, ScalarType.Float32, CPU);
        var tower = VisionEncoder.Load(configuration, "vision_model.", Take, Take, ComputeMode.Inference);
        var x = tower.Embed(inputs["pixel_values"]);
        GoldenTensors.AssertClose(expected["hidden_0"], x, Tolerance);
        for (var i = 0; i < configuration.Layers; i++)
        {
            x = tower.Layers[i].Forward(configuration, x, ComputeMode.Inference);
            GoldenTensors.AssertClose(expected["hidden_" + (i + 1).ToString(CultureInfo.InvariantCulture)], x, Tolerance);
        }

        GoldenTensors.AssertClose(expected["selected_patch_features"], tower.Forward(inputs["pixel_values"]), Tolerance);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Pixels_views_and_patch_features_match_the_reference(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        using var check = new GoldenTensors(folder, "pixels_check.safetensors");
        var described = GoldenFiles.Read(folder, "expected.json");
        var images = GoldenImages.Read(folder, described);
        for (var i = 0; i < images.Length; i++)
        {
            var image = described.GetProperty("images")[i];
            Tensor Expected(string name) => check[$"img{i}.{name}"];
            var pixels = network.ImageEncoder!.Normalise(images[i]);
            var (height, width) = (pixels.size(2), pixels.size(3));
            GoldenTensors.AssertClose(Expected("normalized_crop_top_left"), pixels[0].narrow(1, 0, 14).narrow(2, 0, 14), 1e-5);
            GoldenTensors.AssertClose(
                Expected("normalized_crop_bottom_right"), pixels[0].narrow(1, height - 14, 14).narrow(2, width - 14, 14), 1e-5);
            AssertRelative(image.GetProperty("normalized_sum").GetDouble(), pixels);

            var views = network.ImageEncoder.Views(pixels);
            GoldenTensors.AssertClose(Expected("global_view_stride16"), Every(views[0], 16), 1e-5);
            GoldenTensors.AssertClose(Expected("tiles_stride40"), Every(views.narrow(0, 1, views.size(0) - 1), 40), 1e-5);
            AssertRelative(image.GetProperty("global_view_sum").GetDouble(), views[0]);
            GoldenTensors.AssertClose(
                Expected("vit_patch_features_stride100"), network.ImageEncoder.Features(views)[.., TensorIndex.Slice(step: 100)],
                Tolerance);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Projected_vectors_match_the_reference_when_all_images_are_encoded_together(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        var described = GoldenFiles.Read(folder, "expected.json");
        var images = GoldenImages.Read(folder, described);
        var vectors = network.ImageEncoder!.Encode(images);
        for (var i = 0; i < images.Length; i++)
        {
            var image = described.GetProperty("images")[i];
            Assert.Equal(image.GetProperty("image_tokens").GetInt64(), vectors[i].size(0));
            Assert.Equal(vectors[i].size(0), images[i].TokenCount(network.ImageEncoder.Configuration.Cells));
            AssertRelative(image.GetProperty("projected_abs_sum").GetDouble(), vectors[i].abs());
            foreach (var row in image.GetProperty("projected_rows").EnumerateObject())
            {
                GoldenTensors.AssertClose(
                    tensor(GoldenFiles.Floats(row.Value)), vectors[i][long.Parse(row.Name, CultureInfo.InvariantCulture)], Tolerance);
            }
        }
    }

    [Fact]
    public void More_views_than_the_tower_takes_at_once_become_the_same_features()
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var encoder = Fresh(s_small);
        var views = randn(1000, 3, 12, 12);   // 17 tokens each: two passes and a part of a third
        GoldenTensors.AssertClose(encoder.Tower.Forward(views), encoder.Features(views), 1e-5);
    }

    [Fact]
    public void A_gradient_reaches_every_weight()
    {
        using var scope = NewDisposeScope();
        using var encoder = Fresh(s_small, mode: ComputeMode.Training);
        foreach (var (_, parameter) in encoder.Parameters)
        {
            parameter.requires_grad_(true);
        }

        var vectors = encoder.Encode([Noise(24, 12), Noise(12, 12)]);
        Assert.Equal([17, 13], vectors.Select(v => v.size(0)));   // 2 · 3 + 1 + 2 · 5 and 2 · 3 + 1 + 2 · 3
        var all = cat(vectors, 0);
        (all * all).sum().backward();
        foreach (var (name, parameter) in encoder.Parameters)
        {
            // A bias on the keys shifts all scores of a query alike, which the softmax takes away again.
            var largest = parameter.grad is { } gradient ? gradient.abs().max().item<float>() : 0;
            Assert.True(largest > 0 || name.EndsWith("k_proj.bias", StringComparison.Ordinal), name);
        }
    }

    [Fact]
    public void Loaded_for_training_or_for_inference_the_vectors_are_the_same()
    {
        using var scope = NewDisposeScope();
        using var training = Fresh(s_small, mode: ComputeMode.Training);
        using var inference = Fresh(s_small);
        var image = Noise(12, 24);
        GoldenTensors.AssertClose(training.Encode([image])[0], inference.Encode([image])[0], 1e-5);
    }

    [Fact]
    public void An_image_whose_tiles_do_not_fit_the_vision_encoder_is_refused()
    {
        using var encoder = Fresh(s_small);
        var error = Assert.Throws<ArgumentException>(() => encoder.Encode([new TiledImage(new Image(13, 12, new byte[13 * 12 * 3]), 12)]));
        Assert.Contains("whole tiles of 12 pixels, found 13 x 12", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encoding_leaves_no_tensor_behind()
    {
        using var guard = inference_mode();
        using var encoder = Fresh(s_small);
        var image = Noise(24, 12);
        long Held()
        {
            using var scope = NewDisposeScope();
            encoder.Encode([image]);
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }

        var before = Held();
        Assert.Equal(before, Held());
    }

    internal static ImageEncoder Fresh(VisionConfiguration configuration, int hiddenSize = 10, ComputeMode mode = ComputeMode.Inference)
    {
        var generator = new Generator(7);
        return ImageEncoder.Load(configuration, hiddenSize, (name, shape) =>
            randn(shape.ToArray(), generator: generator).mul_(tensor(0.3f)), mode: mode);
    }

    private static TiledImage Noise(int width, int height)
    {
        var bytes = new byte[width * height * 3];
        new Random(width + height).NextBytes(bytes);
        return new TiledImage(new Image(width, height, bytes), 12);
    }

    private static Tensor Every(Tensor x, long step) =>
        x[TensorIndex.Ellipsis, TensorIndex.Slice(step: step), TensorIndex.Slice(step: step)];

    private static void AssertRelative(double expected, Tensor summed) =>
        Assert.Equal(1.0, summed.to(ScalarType.Float64).sum().item<double>() / expected, 1e-3);
}
