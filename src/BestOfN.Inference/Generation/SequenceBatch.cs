using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>All sequences that decode together, as ids. Requests join as cohorts and leave row by row between any two steps.</summary>
/// <remarks>Not thread-safe: belongs to the device's thread, under inference mode. The model stays the caller's.</remarks>
/// <param name="model">Prepacked where that is faster.</param>
/// <param name="images">What ids above the vocabulary mean, the caller's; null: there are none.</param>
internal sealed class SequenceBatch(LanguageModel model, ImageStore? images = null) : ISequenceBatch
{
    private readonly List<Cohort> _cohorts = [];

    /// <summary>Sequences that have not ended, those waiting for their prompt included.</summary>
    public int Count => _cohorts.Sum(c => c.Sequences.Count(s => !s.IsEnded));

    /// <summary>Adds prompts, each with the sequences forked from it. They decode in lockstep.</summary>
    /// <param name="prompts">At least one; every prompt has at least one token and one sequence.</param>
    /// <param name="longestAnswer">No sequence will be longer than this: the caller ends them.</param>
    public void Add(IReadOnlyList<(IReadOnlyList<int> Ids, IReadOnlyList<TokenSequence> Sequences)> prompts, int longestAnswer) =>
        _cohorts.Add(new Cohort(model.Decoder, prompts, longestAnswer, images));

    /// <summary>Reads a part of the oldest prompts that wait; a prompt that is finished gives its sequences their first token.</summary>
    /// <param name="tokens">At most so many.</param>
    /// <returns>The sequences that got a token.</returns>
    public IReadOnlyList<TokenSequence> Prefill(int tokens)
    {
        Compact();
        var cohort = _cohorts.FirstOrDefault(c => !c.IsRead);
        if (cohort is null)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        if (cohort.Prefill(tokens) is not { } begun)
        {
            return [];
        }

        var logits = model.Logits(begun.Hidden);
        TokenSampler.Draw(logits.index_select(0, tensor(begun.States, device: logits.device)), begun.Sequences);
        return begun.Sequences;
    }

    /// <summary>Gives every sequence whose prompt was read its next token.</summary>
    /// <returns>The sequences that got a token.</returns>
    public IReadOnlyList<TokenSequence> Decode()
    {
        Compact();
        var running = _cohorts.Where(c => c.IsRead).ToArray();
        if (running.Length == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        var rows = running.Length == 1 ? running[0].Sequences : [.. running.SelectMany(c => c.Sequences)];

        // Steps are padded to a number of rows that was tried, with rows of token 0 at position 0.
        var computed = model.Decoder.IsPrepacked ? StepRows.For(rows.Count) : rows.Count;
        var (ids, positions) = (new long[computed], new long[computed]);
        var row = 0;
        foreach (var cohort in running)
        {
            for (var i = 0; i < cohort.Sequences.Count; i++, row++)
            {
                ids[row] = rows[row].Ids[^1];
                positions[row] = cohort.PromptLength(i) + cohort.OwnLength;
            }

            cohort.BeginStep();
        }

        var device = model.Decoder.Device;
        var (at, where) = (tensor(ids, device: device), tensor(positions, device: device));
        var attention = new CohortsAttention(running);
        var logits = model.Logits(model.Decoder.Forward(at, where, attention)!);
        TokenSampler.Draw(logits.narrow(0, 0, rows.Count), rows);
        return rows;
    }

    /// <summary>True where some prompt was not read to its end.</summary>
    public bool HasPrompts => _cohorts.Any(c => !c.IsRead && c.Sequences.Any(s => !s.IsEnded));

    /// <summary>True where some sequence waits for its next token.</summary>
    public bool HasRunning => _cohorts.Any(c => c.IsRead && c.Sequences.Any(s => !s.IsEnded));

    /// <summary>Images of all requests that were admitted go through the vision encoder together.</summary>
    public void See(IReadOnlyList<IDisposable> held) => images!.Encode(held.OfType<SeenPrompt>().SelectMany(p => p.Images));

    /// <summary>Drops what has ended, and its memory.</summary>
    public void Compact()
    {
        var before = _cohorts.Count;
        for (var i = _cohorts.Count - 1; i >= 0; i--)
        {
            if (!_cohorts[i].Compact())
            {
                _cohorts[i].Dispose();
                _cohorts.RemoveAt(i);
            }
        }

        if (_cohorts.Count < before)
        {
            images?.Trim();
        }
    }

    public void Dispose()
    {
        _cohorts.ForEach(c => c.Dispose());
        _cohorts.Clear();
    }
}
