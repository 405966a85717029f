using BestOfN.Inputs.Decoding;
using BestOfN.LLama.Models;
using BestOfN.LLama.Runtime;
using LLama.Native;

namespace BestOfN.LLama.Generation;

/// <summary>Sequences that decode together in one context of llama.cpp: a prompt is read once, its sequences share its keys and
/// values.</summary>
/// <remarks>
/// Belongs to the worker's thread. llama.cpp ends the process where a batch or a number of a sequence is too large, so both are counted
/// here. The model stays the caller's.
/// </remarks>
internal sealed class GgufSequenceBatch : ISequenceBatch
{
    private readonly GgufModel _model;
    private readonly LogitsSampler _sampler;
    private readonly List<ForkedPrompt> _prompts = [];
    private readonly Stack<int> _slots;
    private readonly LLamaBatch _batch = new();

    /// <param name="model">Its context is empty.</param>
    /// <param name="sequences">Most sequences, as the context was made for.</param>
    public GgufSequenceBatch(GgufModel model, int sequences)
    {
        (_model, _sampler) = (model, new LogitsSampler(model.VocabularySize));
        _slots = new Stack<int>(Enumerable.Range(0, sequences).Reverse());
        model.Context.MemoryClear(true);
    }

    public int Count => _prompts.Sum(p => p.Sequences.Count(s => !s.IsEnded));

    public bool HasPrompts => _prompts.Any(p => !p.IsRead && p.Sequences.Any(s => !s.IsEnded));

    public bool HasRunning => _prompts.Any(p => p.IsRead && p.Sequences.Any(s => !s.IsEnded));

    /// <summary>Tokens that the running sequences may still come to, prompts counted once.</summary>
    internal long ReservedTokens => _prompts.Sum(p => p.ReservedTokens);

    public bool HasRoomFor(int promptLength, int sequences, int longestAnswer) =>
        sequences <= _slots.Count && ReservedTokens + promptLength + ((long)sequences * longestAnswer) <= _model.CacheTokens;

    public void Add(IReadOnlyList<(IReadOnlyList<int> Ids, IReadOnlyList<TokenSequence> Sequences)> prompts, int longestAnswer)
    {
        foreach (var (ids, sequences) in prompts)
        {
            if (!HasRoomFor(ids.Count, sequences.Count, longestAnswer))
            {
                throw new InvalidOperationException($"There is no room for {sequences.Count} sequences of {longestAnswer} tokens.");
            }

            _prompts.Add(new ForkedPrompt(ids, sequences, longestAnswer, [.. sequences.Select(_ => _slots.Pop())]));
        }
    }

    public IReadOnlyList<TokenSequence> Prefill(int tokens)
    {
        Compact();
        if (_prompts.FirstOrDefault(p => !p.IsRead) is not { } prompt)
        {
            return [];
        }

        _batch.Clear();
        var end = Math.Min(prompt.Ids.Count, prompt.Read + Math.Min(tokens, _model.Batch));
        var row = -1;
        for (var i = prompt.Read; i < end; i++)
        {
            row = _batch.Add(prompt.Ids[i], i, (LLamaSeqId)prompt.Slots[0], logits: i == prompt.Ids.Count - 1);
        }

        Compute();
        prompt.Read = end;
        if (!prompt.IsRead)
        {
            return [];
        }

        foreach (var slot in prompt.Slots.Skip(1))
        {
            _model.Context.MemorySequenceCopy((LLamaSeqId)prompt.Slots[0], (LLamaSeqId)slot, -1, -1);
        }

        TokenSequence[] begun = [.. prompt.Sequences.Where(s => !s.IsEnded)];
        foreach (var sequence in begun)
        {
            _sampler.Draw(_model.Context.GetLogitsIth(row), sequence);
        }

        return begun;
    }

    public IReadOnlyList<TokenSequence> Decode()
    {
        Compact();
        var rows = new List<TokenSequence>();
        foreach (var prompt in _prompts.Where(p => p.IsRead))
        {
            rows.AddRange(prompt.Sequences);
        }

        for (var start = 0; start < rows.Count; start += _model.Batch)
        {
            DecodeRows(rows.GetRange(start, Math.Min(_model.Batch, rows.Count - start)));
        }

        return rows;
    }

    public void Compact()
    {
        for (var i = _prompts.Count - 1; i >= 0; i--)
        {
            var prompt = _prompts[i];
            if (prompt.Sequences.All(s => s.IsEnded))
            {
                prompt.Slots.ToList().ForEach(Free);
                _prompts.RemoveAt(i);
            }
            else if (prompt.IsRead)
            {
                foreach (var slot in prompt.TakeOutEnded())
                {
                    Free(slot);
                }
            }
        }
    }

    public void Dispose()
    {
        _prompts.Clear();
        if (!_model.Context.IsClosed)
        {
            _model.Context.MemoryClear(true);
        }
    }

    private void DecodeRows(List<TokenSequence> rows)
    {
        var places = _prompts.Where(p => p.IsRead).SelectMany(p => p.Sequences.Select((s, i) => (Sequence: s, Prompt: p, Slot: p.Slots[i])))
            .ToDictionary(p => p.Sequence, p => (p.Prompt, p.Slot));
        _batch.Clear();
        foreach (var sequence in rows)
        {
            var (prompt, slot) = places[sequence];
            _batch.Add(sequence.Ids[^1], prompt.Ids.Count + sequence.Ids.Count - 1, (LLamaSeqId)slot, logits: true);
        }

        Compute();
        for (var row = 0; row < rows.Count; row++)
        {
            _sampler.Draw(_model.Context.GetLogitsIth(row), rows[row]);
        }
    }

    private void Compute()
    {
        if (_model.Context.Decode(_batch) is not DecodeResult.Ok and var result)
        {
            throw new LlamaException($"llama.cpp did not compute a batch of {_batch.TokenCount} tokens: {result}");
        }
    }

    private void Free(int slot)
    {
        _model.Context.MemorySequenceRemove((LLamaSeqId)slot, -1, -1);
        _slots.Push(slot);
    }
}
