using BestOfN.Models.Networks;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Models.Generation;

/// <summary>Keys and values of sequences that are all equally long, and the attention over them.</summary>
/// <remarks>Per layer [S, K, P + limit, D]: S sequences, K key/value heads, P prompt tokens.</remarks>
internal sealed class LockstepCache(Decoder decoder, int prompts, int samples, int promptLength, int limit) : IDisposable
{
    private readonly Tensor[] _keys = new Tensor[decoder.Configuration.Layers];
    private readonly Tensor[] _values = new Tensor[decoder.Configuration.Layers];
    private int _length;

    public IAttention Prefill()
    {
        _length = promptLength;
        return new PromptAttention(this, new BatchedAttention(prompts));
    }

    /// <summary>The attention of one further token of every sequence.</summary>
    public IAttention Step()
    {
        _length++;
        return new StepAttention(this);
    }

    /// <summary>Only these rows go on.</summary>
    public void Keep(Tensor rows)
    {
        for (var i = 0; i < _keys.Length; i++)
        {
            (_keys[i], _values[i]) = (Select(_keys[i], rows), Select(_values[i], rows));
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor?.Dispose();
        }
    }

    private Tensor Store(Tensor x)
    {
        var (K, D) = (x.size(1), x.size(2));
        var cache = empty([(long)prompts * samples, K, promptLength + limit, D], x.dtype, x.device);
        using var view = x.view(prompts, promptLength, K, D).transpose(1, 2).repeat_interleave(samples, 0);
        using var slot = cache.narrow(2, 0, promptLength);
        slot.copy_(view);
        return cache.DetachFromDisposeScope();
    }

    private static Tensor Select(Tensor cache, Tensor rows)
    {
        var kept = cache.index_select(0, rows).DetachFromDisposeScope();
        cache.Dispose();
        return kept;
    }

    private sealed class PromptAttention(LockstepCache cache, BatchedAttention attention) : IAttention
    {
        public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
        {
            (cache._keys[layer], cache._values[layer]) = (cache.Store(k), cache.Store(v));
            return attention.Attend(layer, q, k, v);
        }
    }

    private sealed class StepAttention(LockstepCache cache) : IAttention
    {
        public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
        {
            using var scope = NewDisposeScope();
            var (S, K, D) = (k.size(0), k.size(1), k.size(2));
            cache._keys[layer].select(2, cache._length - 1).copy_(k);
            cache._values[layer].select(2, cache._length - 1).copy_(v);
            var keys = cache._keys[layer].narrow(2, 0, cache._length);
            var values = cache._values[layer].narrow(2, 0, cache._length);
            var grouped = q!.view(S, K, q.size(1) / K, D);                                   // query heads of one key head side by side
            return F.scaled_dot_product_attention(grouped, keys, values).reshape(S, q.size(1), D).MoveToOuterDisposeScope();
        }
    }
}
