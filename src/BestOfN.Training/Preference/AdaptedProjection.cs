using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Preference;

/// <summary>A projection in training: its weights are cast to the type of its input as they are used, and low-rank changes are
/// added.</summary>
/// <param name="plain">Its weights: float32 where they are trained, else in the type that is computed in.</param>
/// <param name="changes">For each of its parts what changes it; empty where the weights themselves are trained.</param>
internal sealed class AdaptedProjection(PlainProjection plain, IReadOnlyList<AdaptedProjection.Change> changes) : Projection
{
    public override Tensor Linear(Tensor x, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        var outputs = plain.Parts.Select((part, i) => Linear(x, part, changes.Count == 0 ? null : changes[i], images)).ToArray();
        return (outputs.Length == 1 ? outputs[0] : cat(outputs, 1)).MoveToOuterDisposeScope();
    }

    public override Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        return residual.add(Linear(x, images), HeldScalar.One).MoveToOuterDisposeScope();
    }

    private static Tensor Linear(Tensor x, LinearWeights part, Change? change, RowSelection? images)
    {
        var type = x.dtype;
        var y = F.linear(x, part.Weight.to(type), part.Bias?.to(type));
        if (part.ImageBranch is { } branch && images is { } rows)
        {
            y = new PartialLora(branch.Plora_A.to(type), branch.Plora_B.to(type), branch.Scale).AddTo(y, x, rows, ComputeMode.Training);
        }

        if (change is null)
        {
            return y;
        }

        using TorchSharp.Scalar scale = change.Adapter.Scale;
        return y.add(F.linear(F.linear(change.Dropout(x), change.Adapter.A.to(type)), change.Adapter.B.to(type)), scale);
    }

    /// <summary>The low-rank change of one part.</summary>
    /// <param name="Adapter">The low-rank product that is added.</param>
    /// <param name="Dropout">What of the input the adapter gets.</param>
    internal sealed record Change(Adapter Adapter, Func<Tensor, Tensor> Dropout);
}
