using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>Where the rows of a tensor [N, K, g, L, …] lie, one head after the other: head h is (h / (K · g), h / g % K, h % g).</summary>
internal readonly unsafe struct HeadRows<T>
    where T : unmanaged
{
    private readonly nint _data;
    private readonly int _heads;
    private readonly int _groups;
    private readonly (long N, long K, long G) _strides;

    public HeadRows(Tensor x)
    {
        _data = Aten.Data(x);
        (_heads, _groups) = ((int)x.size(1), (int)x.size(2));
        (_strides, Stride) = ((x.stride(0), x.stride(1), x.stride(2)), x.stride(3));
    }

    private HeadRows(nint data, int heads, int groups, (long N, long K, long G) strides, long stride) =>
        (_data, _heads, _groups, _strides, Stride) = (data, heads, groups, strides, stride);

    /// <summary>Numbers from a row to the next of the same head.</summary>
    public long Stride { get; }

    /// <summary>The same rows; the size of a number is that of <typeparamref name="TOther"/>.</summary>
    public HeadRows<TOther> As<TOther>()
        where TOther : unmanaged => new(_data, _heads, _groups, _strides, Stride);

    public T* Row(long head, long row)
    {
        var (outer, group) = Math.DivRem(head, _groups);
        var (n, k) = Math.DivRem(outer, _heads);
        return (T*)_data + (n * _strides.N) + (k * _strides.K) + (group * _strides.G) + (row * Stride);
    }
}
