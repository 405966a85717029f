using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>
/// Sequences that started together: G prompts, each forked into as many sequences as are still alive. They are in lockstep, so own keys
/// need no mask.
/// </summary>
/// <remarks>
/// Knows which row continues which prompt; <see cref="ForkCache"/> holds the keys and values. Rows are ordered by prompt.
/// </remarks>
internal sealed class Cohort : IDisposable
{
    private readonly Decoder _decoder;
    private readonly ImageStore? _images;
    private readonly ForkCache _cache;
    private Prompt[] _prompts;
    private Row[] _rows;
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
        _prompts = [.. prompts.Select(p => new Prompt(p.Ids))];
        _rows = [.. prompts.SelectMany((p, i) => p.Sequences.Select(s => new Row(_prompts[i], s)))];
        Sequences = [.. _rows.Select(r => r.Sequence)];
        var longest = _prompts.Max(p => p.Ids.Count);
        _cache = decoder.IsPrepacked ? new BlockedForkCache(decoder, _prompts.Length, longest, longestAnswer)
            : new PaddedForkCache(decoder, _prompts.Length, longest, longestAnswer);
    }

    /// <summary>The sequences still in the batch, in the order of their rows.</summary>
    public IReadOnlyList<TokenSequence> Sequences { get; private set; }

    /// <summary>True once every prompt was read: from then on <see cref="BeginStep"/> and <see cref="Attend"/> serve.</summary>
    public bool IsRead => _read == _prompts.Length;

    /// <summary>Own tokens whose keys are held.</summary>
    public int OwnLength => _cache.OwnLength;

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
        var attention = new PrefillAttention(
            _cache.PromptKeys, _cache.PromptValues, first, from, columns,
            PromptMask.Of(LengthsOf(_prompts.AsSpan(first, count)), _decoder));
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
            _cache.EndPrefill();
            LayOut();
        }

        return (hidden!.MoveToOuterDisposeScope(), [.. states], [.. sequences]);
    }

    /// <summary>Makes room for the keys and values of the next token of every sequence. Before every decode step.</summary>
    public void BeginStep() => _cache.BeginStep();

    /// <inheritdoc cref="ForkCache.Attend"/>
    public Tensor Attend(int layer, Tensor q, Tensor k, Tensor v) => _cache.Attend(layer, q, k, v);

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

        _cache.KeepRows(Indices(kept));
        var live = _rows.Select(r => r.Prompt).Distinct().ToArray();
        if (live.Length * 2 <= _prompts.Length)
        {
            _cache.KeepPrompts(Indices([.. live.Select(p => Array.IndexOf(_prompts, p))]), live.Max(p => p.Ids.Count));
            (_prompts, _read) = (live, live.Length);
        }

        LayOut();
        return true;
    }

    public void Dispose() => _cache.Dispose();

    private void LayOut() => _cache.LayOut(LengthsOf(_prompts), [.. _rows.Select(r => Array.IndexOf(_prompts, r.Prompt))]);

    private static int[] LengthsOf(ReadOnlySpan<Prompt> prompts)
    {
        var lengths = new int[prompts.Length];
        for (var i = 0; i < lengths.Length; i++)
        {
            lengths[i] = prompts[i].Ids.Count;
        }

        return lengths;
    }

    private Tensor Indices(int[] indices) => tensor(indices.Select(i => (long)i).ToArray(), device: _decoder.Device);

    private sealed class Prompt(IReadOnlyList<int> ids)
    {
        public IReadOnlyList<int> Ids { get; } = ids;
    }

    private sealed record Row(Prompt Prompt, TokenSequence Sequence);
}
