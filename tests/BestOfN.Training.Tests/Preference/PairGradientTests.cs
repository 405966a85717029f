using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Tests;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Preference;

public sealed class PairGradientTests
{
    private static readonly LowRankAdaptation s_lora = new() { Rank = 4, Alpha = 8, Dropout = 0.25 };

    [Theory]
    [InlineData(false, 2)]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    [InlineData(true, 1)]
    public void Loss_and_gradient_of_a_step_are_the_references(bool checkpointing, int pairsAtOnce)
    {
        using var network = TinyComposer.Load("text-batch");
        var expected = TinyComposer.Read("text-batch", "expected.json");
        var (loss, rewards) = Backward(network, checkpointing, pairsAtOnce,
            TinyComposer.Judged("text-batch", network, TinyComposer.TextPairs()));

        Assert.Equal(expected.GetProperty("pairwise").GetProperty("loss_mean").GetDouble(), loss, 1e-4);
        AssertClose([.. expected.GetProperty("batch").GetProperty("rewards").EnumerateArray().Select(r => r.GetSingle())], rewards);

        // Gradient of the score's weight: what the reference says the loss changes with every reward, times what the reference read.
        float[] slopes = [.. expected.GetProperty("pairwise").GetProperty("dloss_dreward").EnumerateArray().Select(g => g.GetSingle())];
        var hidden = expected.GetProperty("samples").EnumerateArray().Select(s =>
            s.GetProperty("pooled_hidden").EnumerateArray().Select(h => h.GetSingle()).ToArray()).ToArray();
        float[] ofScore = [.. Enumerable.Range(0, hidden[0].Length).Select(c =>
            Enumerable.Range(0, 4).Sum(row => slopes[row] * hidden[row][c]))];
        AssertClose(ofScore, Gradient(network.Trainable[^1].Value));

        // Gradient of all other weights: the same slopes, led back through the network that scores.
        using var scoring = NetworkLoader.RewardNetwork(TinyComposer.Folder("text-batch"), ScalarType.Float32, CPU,
            mode: ComputeMode.Training);
        var weights = scoring.Decoder.Parameters.ToDictionary(p => p.Key, p => p.Value.requires_grad_(true));
        LeadBack(scoring, expected.GetProperty("samples"), slopes);
        var compared = 0;
        foreach (var (name, weight) in network.Trainable.SkipLast(1))
        {
            if (name.Contains("Plora", StringComparison.Ordinal))
            {
                Assert.True(weight.grad is null || weight.grad.abs().max().item<float>() == 0, $"{name}: text moved the pictures' branch");
                continue;
            }

            AssertClose(Gradient(weights[name]), Gradient(weight), name);
            compared++;
        }

        Assert.Equal(2 + (3 * 7), compared);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Low_rank_changes_begin_as_none_and_leave_the_weights_alone(bool checkpointing)
    {
        using var network = TinyComposer.Load("text-batch", s_lora);
        var (loss, _) = Backward(network, checkpointing, 2, TinyComposer.Judged("text-batch", network, TinyComposer.TextPairs()));
        Assert.Equal(TinyComposer.Read("text-batch", "expected.json").GetProperty("pairwise").GetProperty("loss_mean").GetDouble(), loss,
            1e-4);
        Assert.All(network.LanguageModel, p => Assert.False(p.Value.requires_grad, p.Key));
        Assert.Equal((3 * 5 * 2) + 1, network.Trainable.Count);
        Assert.All(network.Trainable.Where(p => p.Key.EndsWith("lora_B.weight", StringComparison.Ordinal)), p =>
            Assert.Contains(Gradient(p.Value), g => g != 0));
    }

    [Fact]
    public void Checkpointing_drops_out_the_same_inputs_on_the_way_back()
    {
        using var kept = TinyComposer.Load("text-batch", s_lora);
        using var recomputed = TinyComposer.Load("text-batch", s_lora);
        foreach (var network in new[] { kept, recomputed })
        {
            using var guard = no_grad();
            foreach (var (_, weight) in network.Trainable.Where(p => p.Key.EndsWith("lora_B.weight", StringComparison.Ordinal)))
            {
                weight.copy_(tensor(0.05f));   // a change that dropout can be seen in
            }
        }

        var expected = Backward(kept, false, 2, TinyComposer.Judged("text-batch", kept, TinyComposer.TextPairs()));
        var found = Backward(recomputed, true, 2, TinyComposer.Judged("text-batch", recomputed, TinyComposer.TextPairs()));
        Assert.Equal(expected.Loss, found.Loss, 1e-5);
        Assert.All(kept.Trainable.Zip(recomputed.Trainable), p =>
            AssertClose(Gradient(p.First.Value), Gradient(p.Second.Value), p.First.Key));

        using var scope = NewDisposeScope();
        var batch = PairBatch.Of(TinyComposer.Judged("text-batch", kept, TinyComposer.TextPairs()), kept);
        var undisturbed = new PairGradient(kept, false).Measure(batch);
        Assert.True(Math.Abs((undisturbed.Loss / 2) - found.Loss) > 1e-3, "nothing was dropped");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_image_moves_the_language_model_and_neither_tower_nor_projector_nor_separators(bool checkpointing)
    {
        using var network = TinyComposer.Load("image-1x1");
        Backward(network, checkpointing, 1, TinyComposer.Judged("image-1x1", network, TinyComposer.PicturePair()));
        Assert.All(network.ImageEncoder!.Parameters, p => Assert.True(!p.Value.requires_grad && p.Value.grad is null, p.Key));

        // Behind the last attention nobody reads what became of the image's tokens: there its branch has nothing to learn.
        var moved = network.LanguageModel.Where(p => !p.Key.StartsWith("model.layers.2.", StringComparison.Ordinal)
            || !p.Key.Contains("Plora", StringComparison.Ordinal));
        Assert.All(moved, p => Assert.Contains(Gradient(p.Value), g => g != 0));
    }

    [Fact]
    public void A_image_gives_the_same_gradient_with_and_without_checkpointing()
    {
        using var kept = TinyComposer.Load("image-1x1");
        using var recomputed = TinyComposer.Load("image-1x1");
        var pair = TinyComposer.Judged("image-1x1", kept, TinyComposer.PicturePair());
        Assert.Equal(Backward(kept, false, 1, pair).Loss, Backward(recomputed, true, 1, pair).Loss, 1e-5);
        Assert.All(kept.Trainable.Zip(recomputed.Trainable), p =>
            AssertClose(Gradient(p.First.Value), Gradient(p.Second.Value), p.First.Key));
    }

    private static (double Loss, float[] Rewards) Backward(TrainableNetwork network, bool checkpointing, int pairsAtOnce,
        JudgedPair[] pairs)
    {
        var gradient = new PairGradient(network, checkpointing);
        var (loss, rewards) = (0.0, new List<float>());
        foreach (var some in pairs.Chunk(pairsAtOnce))
        {
            using var scope = NewDisposeScope();
            var outcome = gradient.Add(PairBatch.Of(some, network), pairs.Length, dropout: 7);
            loss += outcome.Loss;
            rewards.AddRange(outcome.Rewards);
        }

        return (loss / pairs.Length, [.. rewards]);
    }

    private static void LeadBack(RewardNetwork network, System.Text.Json.JsonElement samples, float[] slopes)
    {
        for (var row = 0; row < slopes.Length; row++)
        {
            using var scope = NewDisposeScope();
            long[] ids = [.. samples[row].GetProperty("segments")[0].GetProperty("text_ids").EnumerateArray().Select(i => i.GetInt64())];
            var hidden = network.Decoder.Forward(tensor(ids), Positions.Of(ids.Length), new BatchedAttention(1))!;
            (network.Head.Score(hidden.narrow(0, ids.Length - 1, 1)).sum() * tensor(slopes[row])).backward();
        }
    }

    private static float[] Gradient(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.grad is { } gradient ? [.. gradient.data<float>()] : throw new InvalidOperationException("no gradient");
    }

    private static void AssertClose(float[] expected, float[] found, string what = "")
    {
        Assert.Equal(expected.Length, found.Length);
        var worst = expected.Zip(found, (e, f) => MathF.Abs(e - f)).Max();
        Assert.True(worst <= 1e-4, $"{what}: differs by {worst}");
    }
}
