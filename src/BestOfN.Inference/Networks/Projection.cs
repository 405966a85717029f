using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A linear layer of a decoder: the product, its bias, and the branch for the tokens of images where the family has one.</summary>
/// <remarks>The layer that uses it does not know how it is computed. T rows, I inputs, O outputs.</remarks>
internal abstract class Projection : IDisposable
{
    /// <summary>
    /// The layers of the same input that are multiplied apart, in the order of their outputs; only this where it is one product.
    /// </summary>
    public virtual IReadOnlyList<Projection> Apart => [this];

    /// <summary>x · weightᵀ + bias.</summary>
    /// <param name="x">[T, I].</param>
    /// <param name="images">Which rows are parts of images; null: none.</param>
    /// <returns>[T, O], a new tensor in the dispose scope of the caller.</returns>
    public abstract Tensor Linear(Tensor x, RowSelection? images);

    /// <summary>As <see cref="Linear"/>, plus a residual, [T, O].</summary>
    public abstract Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images);

    /// <summary>Disposes what only this projection holds.</summary>
    public virtual void Dispose()
    {
    }
}
