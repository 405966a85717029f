using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>
/// Sequences that started together: G prompts, each forked into as many sequences as are still alive. They are in lockstep, so own keys
/// need no mask.
/// </summary>
/// <remarks>
/// A prompt's keys and values are held once and read in place by all its forks; what a sequence adds is held per row. Rows are ordered by
/// prompt. Either way of attention takes them in an order of its own: <see cref="ForkedAttention"/> on a CPU; elsewhere the fused kernel,
/// two parts merged by their log-sum-exps. G prompts, P longest prompt, R rows, K key/value heads, g query heads per key/value head, D head
/// size, A own tokens.
/// </remarks>
internal sealed class Cohort : IDisposable
{
    private const int OwnChunk = 64;

    private readonly Decoder _decoder;
    private readonly ImageStore? _images;
    private readonly Tensor[] _promptKeys, _promptValues, _ownKeys, _ownValues;
    private Prompt[] _prompts;
    private Row[] _rows;
    private ForkedAttention.Fork[] _forks = [];
    private Tensor? _mask;          // [G, 1, 1, P]: 0 within a prompt, -infinity behind it; null where all are equally long
    private Tensor? _padding;       // [G * n]: which row stands at each place of the padded layout; null where all prompts have n rows
    private Tensor? _places;        // [R]: the place of each row in the padded layout
    private int _ownCapacity;
    private int _read, _readColumns;    // prompts read entirely; tokens read of the next one

    /// <param name="decoder">The decoder whose keys are kept.</param>
    /// <param name="prompts">Token ids of each prompt, at least one each, and its sequences.</param>
    /// <param name="longestAnswer">No sequence will be longer than this.</param>
    /// <param name="images">What ids above the vocabulary mean; encoded before <see cref="Prefill"/> comes to them.</param>
    public Cohort(
        Decoder decoder,
        IReadOnlyList<(IReadOnlyList<int> Ids, IReadOnlyList<TokenSequence> Sequences)> prompts,
        int longestAnswer,
        ImageStore? images = null)
    {
        (_decoder, _images) = (decoder, images);
        LongestAnswer = longestAnswer;
        _prompts = [.. prompts.Select(p => new Prompt(p.Ids))];
        _rows = [.. prompts.SelectMany((p, i) => p.Sequences.Select(s => new Row(_prompts[i], s)))];
        Sequences = [.. _rows.Select(r => r.Sequence)];
        var c = decoder.Configuration;
        var longest = _prompts.Max(p => p.Ids.Count);
        _promptKeys = new Tensor[c.Layers];
        _promptValues = new Tensor[c.Layers];
        _ownKeys = new Tensor[c.Layers];
        _ownValues = new Tensor[c.Layers];

        // Zeros: what lies behind a shorter prompt is masked, but nothing times a weight of 0 may be NaN.
        Tensor Fresh() =>
            zeros(_prompts.Length, c.KeyValueHeads, longest, c.HeadSize, decoder.Type, decoder.Device).DetachFromDisposeScope();
        try
        {
            for (var i = 0; i < c.Layers; i++)
            {
                _promptKeys[i] = Fresh();
                _promptValues[i] = Fresh();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The sequences still in the batch, in the order of their rows.</summary>
    public IReadOnlyList<TokenSequence> Sequences { get; private set; }

    public int LongestAnswer { get; }

    /// <summary>True once every prompt was read: from then on <see cref="Attend"/> serves.</summary>
    public bool IsRead => _read == _prompts.Length;

    /// <summary>Own tokens whose keys are held.</summary>
    public int OwnLength { get; private set; }

    public int PromptLength(int row) => _rows[row].Prompt.Ids.Count;

    /// <summary>Reads the next part of the prompts.</summary>
    /// <param name="tokens">At most so many; several short prompts in one go, or a part of a long one.</param>
    /// <returns>Final hidden states of the last token of every prompt that was finished, [·, C], and the sequences that begin there, with
    /// the state each begins at; null where none was finished.</returns>
    public (Tensor Hidden, long[] States, TokenSequence[] Sequences)? Prefill(int tokens)
    {
        using var scope = NewDisposeScope();
        var first = _read;
        var whole = 0;
        var longest = 0;
        while (_readColumns == 0 && first + whole < _prompts.Length
            && (whole + 1) * Math.Max(longest, _prompts[first + whole].Ids.Count) <= tokens)
        {
            longest = Math.Max(longest, _prompts[first + whole].Ids.Count);
            whole++;
        }

        var count = Math.Max(whole, 1);
        var from = _readColumns;
        var columns = whole > 0 ? longest : Math.Min(tokens, _prompts[first].Ids.Count - from);
        var finished = whole > 0 || from + columns == _prompts[first].Ids.Count;

        var ids = new long[count * columns];
        var positions = new long[count * columns];
        for (var i = 0; i < count; i++)
        {
            var prompt = _prompts[first + i].Ids;
            for (var j = 0; j < columns; j++)
            {
                ids[(i * columns) + j] = from + j < prompt.Count ? prompt[from + j] : 0;
                positions[(i * columns) + j] = from + j;
            }
        }

        var device = _decoder.Device;
        var last = finished
            ? Enumerable.Range(0, count).Select(i => (long)(i * columns) + _prompts[first + i].Ids.Count - from - 1).ToArray()
            : [];
        var attention = new PrefillAttention(_promptKeys, _promptValues, first, from, columns, Mask(_prompts.AsSpan(first, count)));
        var seen = _images?.Take(ids);
        var wanted = DecoderOutput.Rows(tensor(last, ScalarType.Int64, device));
        var hidden = _decoder.Forward(tensor(ids, device: device), tensor(positions, device: device), attention, wanted, images: seen);
        if (!finished)
        {
            _readColumns += columns;
            return null;
        }

        _read += count;
        _readColumns = 0;
        var states = new List<long>();
        var sequences = new List<TokenSequence>();
        foreach (var row in _rows)
        {
            var at = Array.IndexOf(_prompts, row.Prompt, first, count);
            if (at >= 0)
            {
                states.Add(at - first);
                sequences.Add(row.Sequence);
            }
        }

        if (IsRead)
        {
            _mask = IsBlocked ? null : Mask(_prompts)?.DetachFromDisposeScope();
            if (IsBlocked)
            {
                BlockPrompts();
            }

            LayOut();
        }

        return (hidden!.MoveToOuterDisposeScope(), [.. states], [.. sequences]);
    }

    /// <summary>One decode step in one layer: keeps the new keys and values and attends to prompt and own tokens.</summary>
    /// <param name="layer">0..Layers-1.</param>
    /// <param name="q">[R, H, D].</param>
    /// <param name="k">[R, K, D].</param>
    /// <param name="v">As <paramref name="k"/>.</param>
    /// <returns>[R, H, D].</returns>
    public Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var c = _decoder.Configuration;
        var (R, K, g, D, H) = (_rows.Length, c.KeyValueHeads, c.Groups, c.HeadSize, c.Heads);
        if (layer == 0)
        {
            Reserve(OwnLength + 1);
            OwnLength++;
        }

        if (IsBlocked)
        {
            return ForkedAttention.Attend(_forks, q, k, v, (_promptKeys[layer], _promptValues[layer]), (_ownKeys[layer], _ownValues[layer]),
                OwnLength).MoveToOuterDisposeScope();
        }

        var ownKeys = _ownKeys[layer].narrow(2, 0, OwnLength);
        var ownValues = _ownValues[layer].narrow(2, 0, OwnLength);
        ownKeys.select(2, OwnLength - 1).copy_(k);
        ownValues.select(2, OwnLength - 1).copy_(v);

        // 1. What the sequence itself said: [R, K, g, D].
        var (own, ownWeight) = Aten.FlashAttention(q.view(R, K, g, D), ownKeys, ownValues, causal: false);

        // 2. The prompt, all forks of a prompt side by side as queries of its heads: [G, K, n * g, D].
        var (G, padded) = (_prompts.Length, _padding is null ? q : q.index_select(0, _padding));
        var n = padded.size(0) / G;
        var folded = padded.view(G, n, K, g, D).transpose(1, 2).reshape(G, K, n * g, D);
        var (shared, sharedWeight) = Aten.FlashAttention(folded, _promptKeys[layer], _promptValues[layer], causal: false, _mask);
        shared = shared.reshape(G, K, n, g, D).transpose(1, 2).reshape(G * n, K, g, D);
        sharedWeight = sharedWeight.reshape(G, K, n, g).transpose(1, 2).reshape(G * n, K, g);
        if (_places is not null)
        {
            (shared, sharedWeight) = (shared.index_select(0, _places), sharedWeight.index_select(0, _places));
        }

        // 3. Both parts by their share of the softmax's denominator.
        var weight = (sharedWeight - ownWeight).sigmoid_().unsqueeze(-1).to(q.dtype);
        return own.lerp(shared, weight).reshape(R, H, D).MoveToOuterDisposeScope();
    }

    /// <summary>Drops the rows of ended sequences and, once half of the prompts have none left, those prompts.</summary>
    /// <returns>False where nothing is left; the cohort is to be disposed then.</returns>
    public bool Compact()
    {
        if (_rows.All(r => !r.Sequence.IsEnded))
        {
            return true;
        }

        using var scope = NewDisposeScope();
        var kept = Enumerable.Range(0, _rows.Length).Where(i => !_rows[i].Sequence.IsEnded).ToArray();
        if (kept.Length == 0)
        {
            return false;
        }

        _rows = [.. kept.Select(i => _rows[i])];
        Sequences = [.. _rows.Select(r => r.Sequence)];
        if (!IsRead)
        {
            return true;
        }

        var rows = Indices(kept);
        if (OwnLength > 0)
        {
            foreach (var cache in (Tensor[][])[_ownKeys, _ownValues])
            {
                for (var i = 0; i < cache.Length; i++)
                {
                    Replace(ref cache[i], cache[i].index_select(0, rows));
                }
            }
        }

        var live = _rows.Select(r => r.Prompt).Distinct().ToArray();
        if (live.Length * 2 <= _prompts.Length)
        {
            var left = Indices([.. live.Select(p => Array.IndexOf(_prompts, p))]);
            var longest = live.Max(p => p.Ids.Count);
            for (var i = 0; i < _promptKeys.Length; i++)
            {
                Replace(ref _promptKeys[i], _promptKeys[i].narrow(2, 0, KeyRoom(longest)).index_select(0, left));
                Replace(ref _promptValues[i], _promptValues[i].narrow(2, 0, longest).index_select(0, left));
            }

            (_prompts, _read) = (live, live.Length);
            _mask?.Dispose();
            _mask = IsBlocked ? null : Mask(_prompts)?.DetachFromDisposeScope();
        }

        LayOut();
        return true;
    }

    public void Dispose()
    {
        foreach (var tensor in (Tensor?[])[.. _promptKeys, .. _promptValues, .. _ownKeys, .. _ownValues, _mask, _padding, _places])
        {
            tensor?.Dispose();
        }
    }

    private static void Replace(ref Tensor held, Tensor by)
    {
        held?.Dispose();
        held = by.DetachFromDisposeScope();
    }

    // A prepacked decoder is on a CPU, where steps go through ForkedAttention and keys lie in its blocks.
    private bool IsBlocked => _decoder.IsPrepacked;

    private Tensor Indices(int[] indices) => tensor(indices.Select(i => (long)i).ToArray(), device: _decoder.Device);

    private void Reserve(int length)
    {
        if (length <= _ownCapacity)
        {
            return;
        }

        // Doubling, so that copying stays a small part of the work; never past what can be used.
        _ownCapacity = Math.Max(length, Math.Min(LongestAnswer, Math.Max(OwnChunk, 2 * _ownCapacity)));
        var c = _decoder.Configuration;
        var (R, K, room) = (_rows.Length, c.KeyValueHeads, KeyRoom(_ownCapacity));
        for (var i = 0; i < _ownKeys.Length; i++)
        {
            Grow(ref _ownKeys[i]!, KeyRoom(OwnLength), IsBlocked ? [R, K, room, c.HeadSize, Lanes.Count] : [R, K, room, c.HeadSize]);
            Grow(ref _ownValues[i]!, OwnLength, [R, K, _ownCapacity, ValueSize]);
        }
    }

    private void Grow(ref Tensor? cache, int held, long[] shape)
    {
        var larger = empty(shape, _decoder.Type, _decoder.Device);
        if (cache is not null)
        {
            larger.narrow(2, 0, held).copy_(cache.narrow(2, 0, held));
        }

        Replace(ref cache!, larger);
    }

    // Rooms for the keys of this many tokens, and numbers for one value.
    private int KeyRoom(int tokens) => IsBlocked ? Lanes.Up(tokens) / Lanes.Count : tokens;

    private int ValueSize => IsBlocked ? Lanes.Up(_decoder.Configuration.HeadSize) : _decoder.Configuration.HeadSize;

    /// <summary>Into the order of <see cref="ForkedAttention"/>.</summary>
    private void BlockPrompts()
    {
        for (var i = 0; i < _promptKeys.Length; i++)
        {
            using var scope = NewDisposeScope();
            var (keys, values) = (_promptKeys[i], _promptValues[i]);
            var (G, K, P, D) = (keys.size(0), keys.size(1), (int)keys.size(2), keys.size(3));
            var padded = zeros(G, K, Lanes.Up(P), D, keys.dtype, keys.device);
            padded.narrow(2, 0, P).copy_(keys);
            Replace(ref _promptKeys[i], padded.view(G, K, KeyRoom(P), Lanes.Count, D).transpose(3, 4).contiguous());
            if (ValueSize > D)
            {
                var wide = zeros(G, K, P, ValueSize, values.dtype, values.device);
                wide.narrow(3, 0, D).copy_(values);
                Replace(ref _promptValues[i], wide);
            }
        }
    }

    private Tensor? Mask(ReadOnlySpan<Prompt> prompts)
    {
        var longest = 0;
        var shortest = int.MaxValue;
        foreach (var prompt in prompts)
        {
            (longest, shortest) = (Math.Max(longest, prompt.Ids.Count), Math.Min(shortest, prompt.Ids.Count));
        }

        if (shortest == longest)
        {
            return null;
        }

        var width = (longest + 15) / 16 * 16;
        var mask = new float[prompts.Length * width];
        for (var i = 0; i < prompts.Length; i++)
        {
            mask.AsSpan((i * width) + prompts[i].Ids.Count, width - prompts[i].Ids.Count).Fill(float.NegativeInfinity);
        }

        return tensor(mask, device: _decoder.Device).to(_decoder.Type).view(prompts.Length, 1, 1, width).narrow(3, 0, longest);
    }

    // Where prompts have different numbers of rows left, queries are padded to the largest by repeating some row.
    private void LayOut()
    {
        _padding?.Dispose();
        _places?.Dispose();
        (_padding, _places) = (null, null);
        var counts = new Dictionary<Prompt, int>();
        foreach (var row in _rows)
        {
            counts[row.Prompt] = counts.GetValueOrDefault(row.Prompt) + 1;
        }

        if (IsBlocked)
        {
            var first = 0;
            _forks = [.. _rows.Select(r => r.Prompt).Distinct().Select(p =>
            {
                var fork = new ForkedAttention.Fork(Array.IndexOf(_prompts, p), p.Ids.Count, first, counts[p]);
                first += fork.Rows;
                return fork;
            })];
            return;
        }

        var n = counts.Values.Max();
        if (counts.Count == _prompts.Length && counts.Values.All(count => count == n))
        {
            return;
        }

        var padding = new int[_prompts.Length * n];
        var places = new int[_rows.Length];
        var starts = _prompts.Select((p, i) => (p, i)).ToDictionary(x => x.p, x => x.i * n);
        for (var i = 0; i < _rows.Length; i++)
        {
            places[i] = starts[_rows[i].Prompt]++;
            padding[places[i]] = i;
        }

        _padding = Indices(padding).DetachFromDisposeScope();
        _places = Indices(places).DetachFromDisposeScope();
    }

    private sealed class Prompt(IReadOnlyList<int> ids)
    {
        public IReadOnlyList<int> Ids { get; } = ids;
    }

    private sealed record Row(Prompt Prompt, TokenSequence Sequence);
}
