using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>
/// Keys and values of prompts and of the sequences that continue them. A prompt's are held once and read in place by all its forks; those
/// of the tokens that a sequence adds, its own, are held per row.
/// </summary>
/// <remarks>
/// G prompts, P longest prompt, R rows, K key/value heads, g query heads per key/value head, D head size. Prompts are read first, in the
/// layout [G, K, P, D]; then steps begin, and each kind of cache may lay them out anew. Not thread-safe: belongs to the device's thread,
/// under inference mode.
/// </remarks>
internal abstract class ForkCache : IDisposable
{
    private const int OwnChunk = 64;

    private readonly int _longestAnswer;
    private int _capacity;

    /// <param name="decoder">The decoder whose keys are kept.</param>
    /// <param name="prompts">G.</param>
    /// <param name="longest">P.</param>
    /// <param name="longestAnswer">No sequence will have more own tokens.</param>
    protected ForkCache(Decoder decoder, int prompts, int longest, int longestAnswer)
    {
        (Decoder, _longestAnswer) = (decoder, longestAnswer);
        var c = decoder.Configuration;
        PromptKeys = new Tensor[c.Layers];
        PromptValues = new Tensor[c.Layers];
        OwnKeys = new Tensor[c.Layers];
        OwnValues = new Tensor[c.Layers];

        // Zeros: what lies behind a shorter prompt is masked, but nothing times a weight of 0 may be NaN.
        Tensor Fresh() => zeros(prompts, c.KeyValueHeads, longest, c.HeadSize, decoder.Type, decoder.Device).DetachFromDisposeScope();
        try
        {
            for (var i = 0; i < c.Layers; i++)
            {
                PromptKeys[i] = Fresh();
                PromptValues[i] = Fresh();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Per layer; [G, K, P, D] until <see cref="EndPrefill"/>.</summary>
    public Tensor[] PromptKeys { get; }

    /// <summary>As <see cref="PromptKeys"/>.</summary>
    public Tensor[] PromptValues { get; }

    /// <summary>Own tokens whose keys are held, in every row.</summary>
    public int OwnLength { get; private set; }

    protected Decoder Decoder { get; }

    protected Tensor[] OwnKeys { get; }

    protected Tensor[] OwnValues { get; }

    /// <summary>All prompts were read; steps follow.</summary>
    public virtual void EndPrefill()
    {
    }

    /// <summary>Tells which row continues which prompt; after <see cref="EndPrefill"/> and whenever rows or prompts were dropped.</summary>
    /// <param name="lengths">Tokens of each prompt.</param>
    /// <param name="rows">The prompt of each row, ascending.</param>
    public abstract void LayOut(IReadOnlyList<int> lengths, IReadOnlyList<int> rows);

    /// <summary>Makes room for one more own token in every row.</summary>
    public void BeginStep()
    {
        if (OwnLength == _capacity)
        {
            // Doubling, so that copying stays a small part of the work; never past what can be used.
            _capacity = Math.Max(OwnLength + 1, Math.Min(_longestAnswer, Math.Max(OwnChunk, 2 * _capacity)));
            for (var i = 0; i < OwnKeys.Length; i++)
            {
                Grow(ref OwnKeys[i]!, KeyRooms(OwnLength), KeyShape(_capacity));
                Grow(ref OwnValues[i]!, OwnLength, ValueShape(_capacity));
            }
        }

        OwnLength++;
    }

    /// <summary>One decode step in one layer: keeps the new keys and values and attends to prompt and own tokens.</summary>
    /// <param name="layer">0..Layers-1.</param>
    /// <param name="q">[R, H, D].</param>
    /// <param name="k">[R, K, D].</param>
    /// <param name="v">As <paramref name="k"/>.</param>
    /// <returns>[R, H, D].</returns>
    public abstract Tensor Attend(int layer, Tensor q, Tensor k, Tensor v);

    /// <summary>Drops all other rows.</summary>
    /// <param name="rows">Ascending, [·] int64.</param>
    public void KeepRows(Tensor rows)
    {
        for (var i = 0; OwnLength > 0 && i < OwnKeys.Length; i++)
        {
            Replace(ref OwnKeys[i], OwnKeys[i].index_select(0, rows));
            Replace(ref OwnValues[i], OwnValues[i].index_select(0, rows));
        }
    }

    /// <summary>Drops all other prompts.</summary>
    /// <param name="prompts">Ascending, [·] int64.</param>
    /// <param name="longest">Tokens of the longest among them.</param>
    public void KeepPrompts(Tensor prompts, int longest)
    {
        for (var i = 0; i < PromptKeys.Length; i++)
        {
            Replace(ref PromptKeys[i], PromptKeys[i].narrow(2, 0, KeyRooms(longest)).index_select(0, prompts));
            Replace(ref PromptValues[i], PromptValues[i].narrow(2, 0, longest).index_select(0, prompts));
        }
    }

    public virtual void Dispose()
    {
        foreach (var tensor in (Tensor?[])[.. PromptKeys, .. PromptValues, .. OwnKeys, .. OwnValues])
        {
            tensor?.Dispose();
        }
    }

    /// <summary>How many places of dimension 2 hold the keys of this many tokens.</summary>
    protected abstract int KeyRooms(int tokens);

    /// <summary>Shape of the keys of this many own tokens in every row.</summary>
    protected abstract long[] KeyShape(int tokens);

    /// <summary>As <see cref="KeyShape"/>, for values.</summary>
    protected abstract long[] ValueShape(int tokens);

    protected static void Replace(ref Tensor held, Tensor by)
    {
        held?.Dispose();
        held = by.DetachFromDisposeScope();
    }

    private void Grow(ref Tensor? cache, int held, long[] shape)
    {
        var larger = empty(shape, Decoder.Type, Decoder.Device);
        if (cache is not null)
        {
            larger.narrow(2, 0, held).copy_(cache.narrow(2, 0, held));
        }

        Replace(ref cache!, larger);
    }
}
