using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Preference;

/// <summary>The gradient of −log σ(r⁺ − r⁻), kept whole on the way or computed layer by layer on the way back.</summary>
/// <remarks>Gradient checkpointing: Chen et al. 2016, https://arxiv.org/abs/1604.06174, with one segment per layer.</remarks>
/// <param name="network">The network that is trained.</param>
/// <param name="checkpointing">Keep the layers' inputs alone and compute every layer once more on the way back.</param>
internal sealed class PairGradient(TrainableNetwork network, bool checkpointing)
{
    /// <summary>Adds the gradient of the pairs' part in the mean to what the weights have.</summary>
    /// <param name="batch">The pairs.</param>
    /// <param name="pairsInAll">Pairs of the whole step, over which the loss is a mean.</param>
    /// <param name="dropout">Names this pass; see <see cref="AdapterDropout"/>.</param>
    public PairOutcome Add(PairBatch batch, int pairsInAll, ulong dropout)
    {
        using var scope = NewDisposeScope();
        var pass = network.Begin(batch, dropout);
        return checkpointing ? LayerByLayer(batch, pass, pairsInAll) : AtOnce(batch, pass, pairsInAll);
    }

    /// <summary>Loss and rewards, without gradient and dropout.</summary>
    public PairOutcome Measure(PairBatch batch)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var pass = network.Begin(batch, null);
        var h = network.Embed(batch);
        for (var i = 0; i < network.Layers; i++)
        {
            using var before = h;
            h = network.Layer(i, before, pass);
        }

        var rewards = network.Score(h, batch.Ends);
        return Outcome(Loss(rewards, 1), rewards, 1);
    }

    private PairOutcome AtOnce(PairBatch batch, LayerInputs pass, int pairsInAll)
    {
        var h = network.Embed(batch);
        for (var i = 0; i < network.Layers; i++)
        {
            h = network.Layer(i, h, pass);
        }

        var rewards = network.Score(h, batch.Ends);
        var loss = Loss(rewards, pairsInAll);
        loss.backward();
        return Outcome(loss, rewards, pairsInAll);
    }

    private PairOutcome LayerByLayer(PairBatch batch, LayerInputs pass, int pairsInAll)
    {
        var inputs = new Tensor[network.Layers + 1];
        using (no_grad())
        {
            inputs[0] = network.Embed(batch);
            for (var i = 0; i < network.Layers; i++)
            {
                inputs[i + 1] = network.Layer(i, inputs[i], pass);
            }
        }

        var top = inputs[^1].detach().requires_grad_(true);
        var rewards = network.Score(top, batch.Ends);
        var loss = Loss(rewards, pairsInAll);
        loss.backward();
        var gradient = top.grad!;
        for (var i = network.Layers - 1; i >= 0; i--)
        {
            using var layer = NewDisposeScope();
            inputs[i + 1].Dispose();
            var x = inputs[i].detach().requires_grad_(true);
            using (gradient)
            {
                // The derivative of this sum by the layer's output is the gradient that came.
                (network.Layer(i, x, pass) * gradient).sum().backward();
            }

            gradient = x.grad!.MoveToOuterDisposeScope();
        }

        if (network.EmbeddingIsTrained)
        {
            (network.Embed(batch) * gradient).sum().backward();
        }

        return Outcome(loss, rewards, pairsInAll);
    }

    private static Tensor Loss(Tensor rewards, int pairs)
    {
        using var scope = NewDisposeScope();
        var both = rewards.view(-1, 2);
        using TorchSharp.Scalar count = pairs;
        return (-F.logsigmoid(both.select(1, 0) - both.select(1, 1)).sum() / count).MoveToOuterDisposeScope();
    }

    private static PairOutcome Outcome(Tensor loss, Tensor rewards, int pairsInAll) =>
        new(loss.item<float>() * (double)pairsInAll, rewards.detach().cpu().data<float>().ToArray());
}
