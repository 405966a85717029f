namespace BestOfN.Inference.Weights;

/// <summary>A view of a storage that lies within the elements it claims.</summary>
/// <param name="Storage">What it is a view of.</param>
/// <param name="Offset">First element.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Strides">Steps between neighbours of each dimension, in elements.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>Elements from the first to the last, both included; 0 for an empty tensor.</summary>
    public long Extent => Shape.Contains(0) ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    /// <summary>Row by row, without gaps.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (var i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                {
                    return Shape.Contains(0);
                }

                expected *= Shape[i];
            }

            return true;
        }
    }
}
