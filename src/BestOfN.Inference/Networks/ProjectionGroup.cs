using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Several layers of the same input, whose outputs stand side by side, each multiplied apart. Owns them.</summary>
internal sealed class ProjectionGroup(IReadOnlyList<Projection> parts) : Projection
{
    public override IReadOnlyList<Projection> Apart => parts;

    public override Tensor Linear(Tensor x, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        return cat([.. parts.Select(part => part.Linear(x, images))], 1).MoveToOuterDisposeScope();
    }

    public override Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        return residual.add(Linear(x, images), HeldScalar.One).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (var part in parts)
        {
            part.Dispose();
        }
    }
}
