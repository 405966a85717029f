using BestOfN.LLama.Models;
using BestOfN.LLama.Runtime;
using LLama.Native;

namespace BestOfN.LLama.Scoring;

/// <summary>Rewards of sequences of token ids: a prompt is read once and kept, its answers are forked from it and read together.</summary>
/// <remarks>Belongs to the worker's thread. The model stays the caller's.</remarks>
internal sealed class GgufScorer
{
    private readonly GgufModel _model;
    private readonly RewardHeadFile _head;
    private readonly Stack<int> _slots;
    private readonly List<ReadPrompt> _kept = [];
    private readonly LLamaBatch _batch = new();
    private long _uses;

    /// <param name="model">Made to give hidden states.</param>
    /// <param name="head">Made for its hidden size.</param>
    /// <param name="sequences">Most sequences, as the context was made for; at least 2.</param>
    public GgufScorer(GgufModel model, RewardHeadFile head, int sequences)
    {
        (_model, _head) = (model, head);
        _slots = new Stack<int>(Enumerable.Range(0, sequences).Reverse());
    }

    /// <summary>Tokens that went through the network.</summary>
    public long ComputedTokens { get; private set; }

    /// <summary>Reads a prompt, if there is room, so that its answers need not.</summary>
    public void Read(ReadPrompt prompt)
    {
        prompt.LastUse = ++_uses;
        if (prompt.Slot is not null || prompt.IsClosed || prompt.Ids.Count == 0 || prompt.Ids.Count > _model.CacheTokens / 2)
        {
            return;
        }

        // One sequence stays free for answers.
        while (_kept.Count > 0 && (_slots.Count < 2 || KeptTokens + prompt.Ids.Count > _model.CacheTokens / 2))
        {
            Forget(_kept.MinBy(p => p.LastUse)!);
        }

        prompt.Slot = _slots.Pop();
        _kept.Add(prompt);
        try
        {
            Compute([(prompt.Slot.Value, prompt.Ids, 0)], isRead: false);
        }
        catch
        {
            Forget(prompt);
            throw;
        }
    }

    /// <summary>Gives a prompt's memory back.</summary>
    public void Forget(ReadPrompt prompt)
    {
        if (prompt.Slot is { } slot)
        {
            prompt.Slot = null;
            _kept.Remove(prompt);
            Free(slot);
        }
    }

    /// <param name="prompt">What the sequences begin with, as far as they do.</param>
    /// <param name="sequences">Each is read at its last token and no longer than the context.</param>
    /// <returns>One reward for each.</returns>
    /// <exception cref="LlamaException">llama.cpp did not compute them.</exception>
    public double[] Score(ReadPrompt prompt, IReadOnlyList<int[]> sequences)
    {
        Read(prompt);
        var rewards = new double[sequences.Count];
        for (var next = 0; next < sequences.Count;)
        {
            var group = new List<(int Slot, IReadOnlyList<int> Ids, int Begin)>();
            var free = _model.CacheTokens - KeptTokens;
            var first = next;
            while (next < sequences.Count && _slots.Count > 0)
            {
                var ids = sequences[next];
                var begin = prompt.Slot is null ? 0 : Common(prompt.Ids, ids);
                while (group.Count == 0 && free < ids.Length - begin && _kept.Find(p => p != prompt) is { } other)
                {
                    Forget(other);
                    free = _model.CacheTokens - KeptTokens;
                }

                if (group.Count == 0 && free < ids.Length - begin)
                {
                    Forget(prompt);
                    (begin, free) = (0, _model.CacheTokens);
                }

                if (free < ids.Length - begin)
                {
                    break;
                }

                free -= ids.Length - begin;
                group.Add((_slots.Pop(), ids, begin));
                next++;
            }

            try
            {
                foreach (var (slot, _, begin) in group)
                {
                    if (begin > 0)
                    {
                        _model.Context.MemorySequenceCopy((LLamaSeqId)prompt.Slot!.Value, (LLamaSeqId)slot, 0, begin);
                    }
                }

                Compute(group, isRead: true).CopyTo(rewards, first);
            }
            finally
            {
                group.ForEach(g => Free(g.Slot));
            }
        }

        return rewards;
    }

    private int KeptTokens => _kept.Sum(p => p.Ids.Count);

    // A part of a prompt can be shared only where every layer keeps all tokens; the last token of a sequence has to be computed.
    private int Common(IReadOnlyList<int> prompt, int[] ids)
    {
        var common = 0;
        while (common < prompt.Count && common < ids.Length - 1 && prompt[common] == ids[common])
        {
            common++;
        }

        return common == prompt.Count || _model.KeepsAllTokens ? common : 0;
    }

    private double[] Compute(IReadOnlyList<(int Slot, IReadOnlyList<int> Ids, int Begin)> sequences, bool isRead)
    {
        var rewards = new double[sequences.Count];
        var rows = new List<(int Row, int Sequence)>();
        _batch.Clear();
        for (var s = 0; s < sequences.Count; s++)
        {
            var (slot, ids, begin) = sequences[s];
            for (var i = begin; i < ids.Count; i++)
            {
                var isLast = i == ids.Count - 1;
                var row = _batch.Add(ids[i], i, (LLamaSeqId)slot, logits: isLast);
                if (isLast)
                {
                    rows.Add((row, s));
                }

                if (_batch.TokenCount == _model.Batch)
                {
                    Flush();
                }
            }
        }

        Flush();
        return rewards;

        void Flush()
        {
            if (_batch.TokenCount == 0)
            {
                return;
            }

            if (_model.Context.Decode(_batch) is not DecodeResult.Ok and var result)
            {
                throw new LlamaException($"llama.cpp did not compute a batch of {_batch.TokenCount} tokens: {result}");
            }

            ComputedTokens += _batch.TokenCount;
            foreach (var (row, sequence) in isRead ? rows : [])
            {
                rewards[sequence] = _head.Score(_model.Context.GetEmbeddingsIth(row));
            }

            rows.Clear();
            _batch.Clear();
        }
    }

    private void Free(int slot)
    {
        _model.Context.MemorySequenceRemove((LLamaSeqId)slot, -1, -1);
        _slots.Push(slot);
    }
}
