using BestOfN.Inference.Kernels;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A projection whose weight was copied once into the order in which a CPU reads it fastest. Several layers become one product.
/// Inference only.</summary>
/// <remarks>Does not follow the weights it was made from: when they are trained, it must be made again. Owns its copies.</remarks>
internal sealed class PrepackedProjection : Projection
{
    private readonly PrepackedWeight _weight;
    private readonly Tensor? _bias;
    private readonly (long FirstOutput, long Outputs, PartialLora Branch)[] _branches;

    /// <param name="plain">Its weights stay the decoder's.</param>
    /// <param name="trials">Tries whether steps of a decode are exact; null: nothing is tried.</param>
    /// <param name="choose">Takes rows, which are outputs, or puts them into another order; null: all as they are.</param>
    public PrepackedProjection(PlainProjection plain, StepTrials? trials, Func<Tensor, Tensor>? choose = null)
    {
        using var scope = NewDisposeScope();
        var parts = plain.Parts;
        Tensor Copy(Tensor rows) => choose is null ? rows.alias() : choose(rows);
        Tensor Join(Func<LinearWeights, Tensor> of) => Copy(parts.Count == 1 ? of(parts[0]) : cat([.. parts.Select(of)], 0));
        _bias = parts[0].Bias is null ? null : Join(p => p.Bias!);
        var branches = new List<(long, long, PartialLora)>();
        long first = 0;
        foreach (var part in parts)
        {
            if (part.ImageBranch is { } branch)
            {
                var outputs = Copy(branch.Plora_B);
                branches.Add((first, outputs.size(0), new PartialLora(branch.Plora_A.alias(), outputs, branch.Scale)));
            }

            first += part.Weight.size(0);
        }

        _branches = [.. branches];
        _weight = new PrepackedWeight(Join(p => p.Weight), trials);
        _bias?.DetachFromDisposeScope();
        foreach (var (_, _, branch) in _branches)
        {
            branch.Plora_A.DetachFromDisposeScope();
            branch.Plora_B.DetachFromDisposeScope();
        }
    }

    /// <inheritdoc cref="PrepackedWeight.IsExact"/>
    public bool IsExact => _weight.IsExact;

    /// <inheritdoc cref="PrepackedWeight.FewRows"/>
    public int FewRows => _weight.FewRows;

    public override Tensor Linear(Tensor x, RowSelection? images) => AddBranches(_weight.Linear(x, _bias), x, images);

    public override Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images) =>
        AddBranches(_weight.LinearAdd(x, _bias, residual), x, images);

    public override void Dispose()
    {
        base.Dispose();
        _weight.Dispose();
        _bias?.Dispose();
        foreach (var (_, _, branch) in _branches)
        {
            branch.Plora_A.Dispose();
            branch.Plora_B.Dispose();
        }
    }

    private Tensor AddBranches(Tensor y, Tensor x, RowSelection? images)
    {
        if (images is not null)
        {
            foreach (var (first, outputs, branch) in _branches)
            {
                using var part = y.narrow(1, first, outputs);
                branch.AddTo(part, x, images.Value, ComputeMode.Inference);
            }
        }

        return y;
    }
}
