using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Scoring;

/// <summary>Keys and values of one stretch of tokens in every layer, with room for more.</summary>
/// <remarks>Device thread only. Lives outside dispose scopes.</remarks>
internal sealed class KeyValueBlock : IDisposable
{
    private const int Step = 64;   // room is added in such steps, and doubled where that is more

    private readonly DecoderConfiguration _configuration;
    private Tensor _storage;       // [layers, 2, K, capacity, D]

    public KeyValueBlock(DecoderConfiguration configuration, int capacity, ScalarType type, Device device)
    {
        _configuration = configuration;
        _storage = Allocate(configuration, capacity, type, device);
        Capacity = capacity;
    }

    /// <summary>Tokens whose keys and values are here. Setting it lower forgets the tail.</summary>
    public int Length { get; set; }

    public int Capacity { get; private set; }

    public long Bytes => BytesFor(_configuration, Capacity, _storage.dtype);

    public static long BytesFor(DecoderConfiguration c, int tokens, ScalarType type) =>
        2L * c.Layers * c.KeyValueHeads * c.HeadSize * tokens * (type == ScalarType.Float32 ? 4 : 2);

    /// <summary>The first <paramref name="length"/> keys of a layer, [K, length, D]: a view.</summary>
    public Tensor Keys(int layer, int length) => View(layer, 0, 0, length);

    /// <inheritdoc cref="Keys"/>
    public Tensor Values(int layer, int length) => View(layer, 1, 0, length);

    /// <summary>Puts the keys and values of new tokens behind <see cref="Length"/>, which stays until all layers are written.</summary>
    /// <param name="layer">Which layer.</param>
    /// <param name="k">[n, K, D].</param>
    /// <param name="v">[n, K, D].</param>
    public void Write(int layer, Tensor k, Tensor v)
    {
        var n = (int)k.size(0);
        using var keys = View(layer, 0, Length, n);
        using var values = View(layer, 1, Length, n);
        using var newKeys = k.transpose(0, 1);
        using var newValues = v.transpose(0, 1);
        keys.copy_(newKeys);
        values.copy_(newValues);
    }

    /// <summary>Makes room for <paramref name="length"/> tokens in all.</summary>
    public void Reserve(int length)
    {
        if (length <= Capacity)
        {
            return;
        }

        var capacity = Math.Max(length, Math.Max(2 * Capacity, Step));
        var larger = Allocate(_configuration, capacity, _storage.dtype, _storage.device);
        Copy(_storage, larger, Length);
        _storage.Dispose();
        (_storage, Capacity) = (larger, capacity);
    }

    /// <summary>Takes over the first tokens of another block.</summary>
    public void CopyFrom(KeyValueBlock other, int length)
    {
        Copy(other._storage, _storage, length);
        Length = length;
    }

    public void Dispose() => _storage.Dispose();

    private static Tensor Allocate(DecoderConfiguration c, int capacity, ScalarType type, Device device) =>
        empty([c.Layers, 2, c.KeyValueHeads, capacity, c.HeadSize], type, device).DetachFromDisposeScope();

    private static void Copy(Tensor from, Tensor to, int length)
    {
        using var source = from.narrow(3, 0, length);
        using var target = to.narrow(3, 0, length);
        target.copy_(source);
    }

    private Tensor View(int layer, int which, int start, int length)
    {
        using var ofLayer = _storage.select(0, layer);
        using var ofKind = ofLayer.select(0, which);
        return ofKind.narrow(1, start, length);
    }
}
