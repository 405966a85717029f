using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Networks;

/// <summary>Every family against stored reference outputs, float32, 1e-4 absolute.</summary>
public sealed class FamilyTests
{
    private const float Tolerance = 1e-4f;

    public static TheoryData<string> Families =>
    [
        "internlm2-reward/gqa", "internlm2-reward/mha", "internlm2-reward/rope-linear", "llama-seqcls/plain", "llama-seqcls/llama3-rope",
        "qwen2-seqcls/plain", "qwen3-seqcls/plain", "qwen2-rm/two-layer-head",
    ];

    [Theory, MemberData(nameof(Families))]
    public void Rewards_and_hidden_states_match_the_reference(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU);
        var expected = GoldenFiles.Read(folder, "expected.json").GetProperty("samples");
        var inputs = folder.StartsWith("internlm2", StringComparison.Ordinal) ? expected
            : GoldenFiles.Read(folder, "inputs.json").GetProperty("samples");
        for (var i = 0; i < expected.GetArrayLength(); i++)
        {
            var ids = GoldenFiles.Ids(inputs[i]);
            var (hidden, layer0) = Run(network, [ids]);
            var pooled = hidden[ids.Length - 1].unsqueeze(0);
            Assert.Equal(expected[i].GetProperty("reward").GetSingle(), network.Head.Score(pooled).item<float>(), Tolerance);
            if (expected[i].TryGetProperty("pooled_hidden", out var state))
            {
                AssertClose(GoldenFiles.Floats(state), pooled);
                AssertClose(GoldenFiles.Floats(expected[i].GetProperty("layer0_output_at_pooled")), layer0[ids.Length - 1]);
            }
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void With_packed_weights_a_row_in_a_padded_batch_scores_like_the_reference(string folder)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(folder), ScalarType.Float32, CPU, prepacks: true);
        var expected = GoldenFiles.Read(folder, "expected.json");
        var samples = folder.StartsWith("internlm2", StringComparison.Ordinal) ? expected.GetProperty("samples")
            : GoldenFiles.Read(folder, "inputs.json").GetProperty("samples");
        var rows = samples.EnumerateArray().Select(GoldenFiles.Ids).ToArray();
        var (hidden, _) = Run(network, rows);
        var longest = rows.Max(r => r.Length);
        var rewards = expected.TryGetProperty("batch_rewards", out var batch)
            ? GoldenFiles.Floats(batch)
            : [.. expected.GetProperty("samples").EnumerateArray().Select(s => s.GetProperty("reward").GetSingle())];
        for (var i = 0; i < rows.Length; i++)
        {
            Assert.Equal(rewards[i], network.Head.Score(hidden[(i * longest) + rows[i].Length - 1].unsqueeze(0)).item<float>(), Tolerance);
        }
    }

    [Fact]
    public void Every_step_of_a_process_reward_model_matches_the_reference()
    {
        const string Folder = "qwen2-prm/steps";
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder(Folder), ScalarType.Float32, CPU);
        Assert.True(network.ScoresSteps);
        var expected = GoldenFiles.Read(Folder, "expected.json").GetProperty("samples");
        var inputs = GoldenFiles.Read(Folder, "inputs.json").GetProperty("samples");
        for (var i = 0; i < expected.GetArrayLength(); i++)
        {
            var ids = GoldenFiles.Ids(inputs[i]);
            var positions = Enumerable.Range(0, ids.Length).Where(p => ids[p] == network.StepTokenId).Select(p => (long)p).ToArray();
            var (hidden, _) = Run(network, [ids]);
            AssertClose(
                GoldenFiles.Floats(expected[i].GetProperty("step_rewards")), network.Head.Score(hidden.index_select(0, tensor(positions))));
        }
    }

    [Fact]
    public void The_last_layer_gives_the_same_for_the_rows_asked_for_alone()
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        var ids = tensor(new long[] { 5, 6, 7, 8, 9, 10, 11, 12 });
        var positions = tensor(new long[] { 0, 1, 2, 3, 0, 1, 2, 3 });
        var rows = tensor(new long[] { 2, 7 });
        var all = network.Decoder.Forward(ids, positions, new BatchedAttention(2))!;
        var some = network.Decoder.Forward(
            ids, positions, new BatchedAttention(2) { LastRows = rows, LastLayer = network.Decoder.Configuration.Layers - 1 },
                DecoderOutput.Rows(rows))!;
        Assert.True(allclose(all.index_select(0, rows), some, 1e-5, 1e-5));
        Assert.Null(network.Decoder.Forward(ids, positions, new BatchedAttention(2), DecoderOutput.KeysOnly));
    }

    private static (Tensor Hidden, Tensor Layer0) Run(RewardNetwork network, long[][] rows)
    {
        var length = rows.Max(r => r.Length);
        var ids = rows.SelectMany(r => r.Concat(Enumerable.Repeat(0L, length - r.Length))).ToArray();
        var positions = rows.SelectMany(_ => Enumerable.Range(0, length).Select(p => (long)p)).ToArray();
        var layer0 = new Decoder0(network.Decoder);
        var attention = new BatchedAttention(rows.Length);
        return (network.Decoder.Forward(tensor(ids), tensor(positions), attention)!,
            layer0.Output(tensor(ids), tensor(positions), attention));
    }

    private static void AssertClose(float[] expected, Tensor actual)
    {
        var found = actual.flatten().to(ScalarType.Float32).data<float>().ToArray();
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], Tolerance);
        }
    }

    /// <summary>The first block alone.</summary>
    private sealed class Decoder0(Decoder decoder)
    {
        public Tensor Output(Tensor ids, Tensor positions, IAttention attention)
        {
            var (cos, sin) = decoder.Rotary.Angles(positions, ScalarType.Float32);
            return decoder.Layers[0].Forward(decoder.Configuration, 0, decoder.Embedding.index_select(0, ids), cos, sin, attention)!;
        }
    }
}
