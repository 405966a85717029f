using System.Text.Json;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Testing;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Tests.Networks;

/// <summary>The whole InternLM-XComposer-2.5 reward model against stored reference outputs, float32, 1e-4 absolute.</summary>
public sealed class ImageRewardTests
{
    private const float Tolerance = 1e-4f;

    public static TheoryData<string> Cases =>
    [
        "ixc25-reward/text-batch", "ixc25-reward/image-1x1", "ixc25-reward/image-2x3",
        "ixc25-reward/image-portrait", "ixc25-reward/multi-image",
        "ixc25-reward/video-landscape",
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Rewards_and_hidden_states_match_the_reference(string folder)
    {
        using var guard = inference_mode();
        AssertSamples(folder);
    }

    [Theory, MemberData(nameof(Cases))]
    public void With_gradients_enabled_the_scores_match_as_well(string folder) => AssertSamples(folder);

    [Theory, MemberData(nameof(Cases))]
    public void With_packed_weights_rows_in_a_padded_batch_whose_ends_alone_are_wanted_match_and_rank_like_the_reference(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU, prepacks: true);
        var expected = GoldenFiles.Read(folder, "expected.json");
        var batch = expected.GetProperty("batch");
        var rewards = Batch(network, folder, expected).data<float>().ToArray();
        AssertClose(GoldenFiles.Floats(batch.GetProperty("rewards")), rewards);
        Assert.Equal(
            batch.GetProperty("rank_best_first").EnumerateArray().Select(e => e.GetInt32()),
            Enumerable.Range(0, rewards.Length).OrderByDescending(i => rewards[i]));
    }

    [Fact]
    public void The_pairwise_loss_and_its_gradient_match_the_reference()
    {
        const string Folder = "ixc25-reward/text-batch";
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(Folder), ScalarType.Float32, CPU);
        var expected = GoldenFiles.Read(Folder, "expected.json");
        var pairwise = expected.GetProperty("pairwise");
        var rewards = Batch(network, Folder, expected).detach().requires_grad_(true);
        var margin = rewards[TensorIndex.Slice(step: 2)] - rewards[TensorIndex.Slice(start: 1, step: 2)];
        var loss = -F.logsigmoid(margin).mean();
        loss.backward();
        Assert.Equal(pairwise.GetProperty("loss_mean").GetSingle(), loss.item<float>(), Tolerance);
        Assert.Equal(
            pairwise.GetProperty("accuracy").GetSingle(), margin.gt(tensor(0f)).to(ScalarType.Float32).mean().item<float>(), Tolerance);
        AssertClose(GoldenFiles.Floats(pairwise.GetProperty("dloss_dreward")), rewards.grad!.data<float>().ToArray());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Partial_lora_acts_on_the_tokens_of_images_alone(bool gradients)
    {
        const string Folder = "ixc25-reward/plora-mask";
        using var guard = gradients ? null : inference_mode();
        using var scope = NewDisposeScope();
        var mode = gradients ? ComputeMode.Training : ComputeMode.Inference;
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(Folder), ScalarType.Float32, CPU, mode: mode);
        using var inputs = new GoldenTensors(Folder, "inputs.safetensors");
        using var hidden = new GoldenTensors(Folder, "expected_hidden.safetensors");
        var expected = GoldenFiles.Read(Folder, "expected.json");
        var decoder = network.Decoder;
        var (B, T, C) = (inputs["inputs_embeds"].size(0), inputs["inputs_embeds"].size(1), inputs["inputs_embeds"].size(2));
        var real = inputs["attention_mask"].unsqueeze(-1).to(ScalarType.Float32);
        var positions = Positions.Of(T).repeat(B);
        var mask = inputs["im_mask"].flatten();
        var images = ImageRows.Of(new ImageTokens(mask.nonzero().squeeze(1), empty(0)), B * T, decoder.Mode);
        var (cos, sin) = decoder.Rotary.Angles(positions, ScalarType.Float32);
        var h = inputs["inputs_embeds"].reshape(B * T, C);
        for (var i = 0; i < decoder.Configuration.Layers; i++)
        {
            h = decoder.Layers[i].Forward(decoder.Configuration, i, h, cos, sin, new BatchedAttention((int)B), DecoderOutput.All,
                images)!;
            var last = i == decoder.Configuration.Layers - 1;
            var output = last ? Operators.RmsNorm(h, decoder.Norm, decoder.Configuration.NormEpsilon, decoder.Mode) : h;
            GoldenTensors.AssertClose(hidden[$"hidden_{i + 1}"] * real, output.view(B, T, C) * real, Tolerance);
            h = last ? output : h;
        }

        var at = expected.GetProperty("pooled_index").EnumerateArray().Select((e, i) => (i * T) + e.GetInt64()).ToArray();
        var pooled = h.index_select(0, tensor(at));
        AssertClose(GoldenFiles.Floats(expected.GetProperty("rewards")), network.Head.Score(pooled).data<float>().ToArray());
        for (var i = 0; i < at.Length; i++)
        {
            AssertClose(GoldenFiles.Floats(expected.GetProperty("pooled_hidden")[i]), pooled[i].data<float>().ToArray());
        }
    }

    [Theory, InlineData("ixc25-reward/rope-dynamic"), InlineData("ixc25-reward/rope-linear")]
    public void Stretched_positions_match_the_reference_alone_and_in_a_padded_batch(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        var expected = GoldenFiles.Read(folder, "expected.json");
        var samples = expected.GetProperty("samples").EnumerateArray().ToArray();
        foreach (var sample in samples)
        {
            var hidden = Run(network.Decoder, [new Sequence(GoldenFiles.Ids(sample), [])], [], null);
            AssertClose(GoldenFiles.Floats(sample.GetProperty("pooled_hidden")), hidden[hidden.size(0) - 1].data<float>().ToArray());
            Assert.Equal(sample.GetProperty("reward").GetSingle(), network.Head.Score(hidden[-1].unsqueeze(0)).item<float>(), Tolerance);
        }

        var rows = samples.Select(s => new Sequence(GoldenFiles.Ids(s), [])).ToArray();
        AssertClose(GoldenFiles.Floats(expected.GetProperty("batch").GetProperty("rewards")),
            network.Head.Score(Run(network.Decoder, rows, [], Ends(rows))).data<float>().ToArray());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_last_layer_gives_the_same_for_wanted_rows_of_images_and_text(bool gradients)
    {
        const string Folder = "ixc25-reward/image-1x1";
        using var guard = gradients ? null : inference_mode();
        using var scope = NewDisposeScope();
        var mode = gradients ? ComputeMode.Training : ComputeMode.Inference;
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(Folder), ScalarType.Float32, CPU, mode: mode);
        var expected = GoldenFiles.Read(Folder, "expected.json");
        var sequence = Sequences(expected)[0];
        var vectors = network.ImageEncoder!.Encode(GoldenImages.Read(Folder, expected));
        var all = Run(network.Decoder, [sequence], vectors, null);
        // begin, image's first, amidst, last, text after it, end
        foreach (var row in (long[])[0, 1, 400, 841, 842, sequence.Ids.Length - 1])
        {
            var wanted = tensor(new[] { row });
            GoldenTensors.AssertClose(all[row].unsqueeze(0), Run(network.Decoder, [sequence], vectors, wanted), 1e-5);
        }
    }

    [Fact]
    public void A_gradient_reaches_partial_lora_and_what_the_image_is_made_of()
    {
        const string Folder = "ixc25-reward/image-1x1";
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(Folder), ScalarType.Float32, CPU, mode: ComputeMode.Training);
        var expected = GoldenFiles.Read(Folder, "expected.json");
        var vectors = network.ImageEncoder!.Encode(GoldenImages.Read(Folder, expected))[0].detach().requires_grad_(true);
        foreach (var (_, parameter) in network.Decoder.Parameters)
        {
            parameter.requires_grad_(true);
        }

        var sequence = Sequences(expected)[0];
        network.Head.Score(Run(network.Decoder, [sequence], [vectors], tensor(new[] { sequence.Ids.Length - 1L }))).sum().backward();
        Assert.True(vectors.grad!.abs().max().item<float>() > 0);
        foreach (var (name, parameter) in network.Decoder.Parameters)
        {
            // In the last block only the keys and values of the image still matter.
            var dead = name.StartsWith("model.layers.2.", StringComparison.Ordinal) && name.Contains("Plora", StringComparison.Ordinal)
                && !name.Contains("wqkv", StringComparison.Ordinal);
            Assert.Equal(!dead, parameter.grad is { } gradient && gradient.abs().max().item<float>() > 0);
        }
    }

    [Fact]
    public void Partial_LoRA_does_not_act_on_text()
    {
        const string Folder = "ixc25-reward/text-batch";
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(Folder), ScalarType.Float32, CPU);
        var plain = DecoderLoader.Load(
            BestOfN.Inference.Networks.Families.InternLM2.Family,
            network.Decoder.Configuration with { PartialLoraRank = 0 },
            (name, _) => network.Decoder.Parameters.Single(p => p.Key == name).Value.alias());
        var sequences = Sequences(GoldenFiles.Read(Folder, "expected.json"));
        GoldenTensors.AssertClose(Run(plain, sequences, [], null), Run(network.Decoder, sequences, [], null), 0);
        plain.Dispose();
    }

    [Fact]
    public void Rows_of_images_that_do_not_ascend_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => ImageRows.Of(new ImageTokens(tensor(new long[] { 3, 2 }), empty(0)), 5,
            ComputeMode.Inference));
        Assert.Throws<ArgumentException>(() => ImageRows.Of(new ImageTokens(tensor(new long[] { 3, 5 }), empty(0)), 5,
            ComputeMode.Inference));
        Assert.Null(ImageRows.Of(null, 5, ComputeMode.Inference));
    }

    private static void AssertSamples(string folder)
    {
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        var expected = GoldenFiles.Read(folder, "expected.json");
        var samples = expected.GetProperty("samples");
        var sequences = Sequences(expected);
        var vectors = network.ImageEncoder!.Encode(GoldenImages.Read(folder, expected));
        for (var i = 0; i < sequences.Length; i++)
        {
            using var inner = NewDisposeScope();
            var layer0 = new List<Tensor>();
            var hidden = Run(network.Decoder, [sequences[i]], vectors, null, layer0);
            Assert.Equal(samples[i].GetProperty("length").GetInt64(), hidden.size(0));
            var pooled = hidden[hidden.size(0) - 1];
            AssertClose(GoldenFiles.Floats(samples[i].GetProperty("pooled_hidden")), pooled.data<float>().ToArray());
            AssertClose(GoldenFiles.Floats(samples[i].GetProperty("layer0_output_at_pooled")),
                layer0[0][hidden.size(0) - 1].data<float>().ToArray());
            Assert.Equal(samples[i].GetProperty("reward").GetSingle(), network.Head.Score(pooled.unsqueeze(0)).item<float>(), Tolerance);
        }
    }

    private static Tensor Batch(RewardNetwork network, string folder, JsonElement expected)
    {
        var sequences = Sequences(expected);
        var vectors = network.ImageEncoder!.Encode(GoldenImages.Read(folder, expected));
        return network.Head.Score(Run(network.Decoder, sequences, vectors, Ends(sequences)));
    }

    // The last real token of each row in the padded batch.
    private static Tensor Ends(Sequence[] rows)
    {
        long T = rows.Max(r => r.Ids.Length);
        return tensor(rows.Select((r, i) => (i * T) + r.Ids.Length - 1).ToArray());
    }

    private static Sequence[] Sequences(JsonElement expected) => [.. expected.GetProperty("samples").EnumerateArray().Select(sample =>
    {
        var (ids, spans) = (new List<long>(), new List<(int First, int Count)>());
        foreach (var segment in sample.GetProperty("segments").EnumerateArray())
        {
            if (segment.TryGetProperty("text_ids", out var text))
            {
                ids.AddRange(text.EnumerateArray().Select(e => e.GetInt64()));
                continue;
            }

            spans.Add((ids.Count, segment.GetProperty("image_tokens").GetInt32()));
            ids.AddRange(Enumerable.Repeat(0L, spans[^1].Count));
        }

        return new Sequence([.. ids], [.. spans]);
    })];

    // Rows padded on the right with token 2, as the reference does. Image i of every sequence is vectors[i].
    private static Tensor Run(Decoder decoder, Sequence[] rows, Tensor[] vectors, Tensor? wanted, List<Tensor>? layer0 = null)
    {
        var T = rows.Max(r => r.Ids.Length);
        var ids = tensor(rows.SelectMany(r => r.Ids.Concat(Enumerable.Repeat(2L, T - r.Ids.Length))).ToArray());
        var positions = Positions.Of(T).repeat(rows.Length);
        var places = rows.SelectMany((r, i) => r.Images.SelectMany(p => Enumerable.Range((i * T) + p.First, p.Count)))
            .Select(p => (long)p).ToArray();
        var images = places.Length == 0 ? null
            : new ImageTokens(tensor(places), cat([.. rows.SelectMany(r => r.Images.Select((_, i) => vectors[i]))], 0));
        var attention = new BatchedAttention(rows.Length) { LastRows = wanted, LastLayer = decoder.Configuration.Layers - 1 };
        if (layer0 is not null)
        {
            var (cos, sin) = decoder.Rotary.Angles(positions, ScalarType.Float32, T);
            var embedded = decoder.Embedding.index_select(0, ids);
            embedded = images is null ? embedded : embedded.index_copy(0, images.Rows, images.Vectors);
            layer0.Add(decoder.Layers[0].Forward(decoder.Configuration, 0, embedded, cos, sin, attention, DecoderOutput.All,
                ImageRows.Of(images, ids.size(0), decoder.Mode))!);
        }

        return decoder.Forward(ids, positions, attention, wanted is null ? DecoderOutput.All : DecoderOutput.Rows(wanted), T, images)!;
    }

    private static void AssertClose(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], Tolerance);
        }
    }

    private sealed record Sequence(long[] Ids, (int First, int Count)[] Images);
}
