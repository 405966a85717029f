using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Policy.Objectives;

/// <summary>Losses of a better and a worse answer, from the sums of their tokens' ln π and ln reference, [P] each.</summary>
internal static class PairLoss
{
    /// <summary>(ln π_c − ln π_r) − (ln ref_c − ln ref_r).</summary>
    /// <returns>[P], owned by the caller's dispose scope.</returns>
    public static Tensor Margin(Tensor chosen, Tensor rejected, Tensor referenceChosen, Tensor referenceRejected)
    {
        using var scope = NewDisposeScope();
        return (chosen - rejected - (referenceChosen - referenceRejected)).MoveToOuterDisposeScope();
    }

    /// <summary>−(1 − s) ln σ(β z) − s ln σ(−β z) + a · (−ln π_c / length).</summary>
    /// <remarks>Rafailov et al. 2023, https://arxiv.org/abs/2305.18290.</remarks>
    /// <param name="margin">z.</param>
    /// <param name="chosen">ln π of the better answer.</param>
    /// <param name="chosenLengths">Tokens of the better answer, [P].</param>
    /// <param name="beta">β.</param>
    /// <param name="smoothing">s, in 0..0.5.</param>
    /// <param name="imitation">a.</param>
    /// <returns>[P], owned by the caller's dispose scope; the loss is its mean.</returns>
    public static Tensor Dpo(Tensor margin, Tensor chosen, Tensor chosenLengths, double beta, double smoothing, double imitation)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar scale = beta, back = -beta, kept = smoothing - 1, swapped = -smoothing, weight = -imitation;
        var loss = F.logsigmoid(margin * scale) * kept;
        if (smoothing != 0)
        {
            loss = loss.add(F.logsigmoid(margin * back) * swapped, HeldScalar.One);
        }

        return (imitation == 0 ? loss : loss.add(chosen / chosenLengths * weight, HeldScalar.One)).MoveToOuterDisposeScope();
    }

    /// <summary>(z − 1 / (2 β))².</summary>
    /// <remarks>Azar et al. 2023 (IPO), https://arxiv.org/abs/2310.12036.</remarks>
    /// <returns>[P], owned by the caller's dispose scope; the loss is its mean.</returns>
    public static Tensor Ipo(Tensor margin, double beta)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar wanted = -1 / (2 * beta);
        var error = margin.add(wanted, HeldScalar.One);
        return (error * error).MoveToOuterDisposeScope();
    }
}
