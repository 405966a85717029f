using BestOfN.Inference.Networks;
using BestOfN.Inputs.Scoring;

namespace BestOfN.Inference.Scoring;

/// <summary>What of the work that waits goes into one pass: new tokens only, as many as the budget allows, oldest work first.</summary>
/// <remarks><see cref="Plan"/> belongs to the device's thread, since it makes and extends states; the rest is thread-safe.</remarks>
internal sealed class PassPlanner
{
    private readonly PackedScorer _scorer;
    private readonly PromptCache _cache;
    private readonly ScoringMetrics _metrics;
    private readonly int _tokensPerPass;

    /// <param name="scorer">Computes the passes.</param>
    /// <param name="cache">Prompts that were computed before.</param>
    /// <param name="metrics">Told what need not be computed again.</param>
    /// <param name="tokensPerPass">New tokens of a pass at most.</param>
    /// <param name="maxLength">The model's own limit, where it is narrower than its positions.</param>
    public PassPlanner(PackedScorer scorer, PromptCache cache, ScoringMetrics metrics, int tokensPerPass, int? maxLength)
    {
        (_scorer, _cache, _metrics, _tokensPerPass) = (scorer, cache, metrics, tokensPerPass);
        var positions = scorer.Configuration.RopeScaling is DynamicRopeScaling dynamic
            ? (int)Math.Min(int.MaxValue, scorer.Configuration.MaxPositions * Math.Max(1, dynamic.Factor))
            : scorer.Configuration.MaxPositions;
        MaxLength = Math.Min(positions, maxLength ?? int.MaxValue);
    }

    /// <summary>The longest sequence accepted, in tokens.</summary>
    public int MaxLength { get; }

    /// <summary>Whether the prompt is computed apart from its answers, once for all.</summary>
    public bool CanShare(ScoringContext context) => context.PromptIds is { Length: > 0 } prompt
        && prompt.Length <= MaxLength && !_scorer.Rotary.DependsOnLength(prompt.Length) && AreKnown(context, prompt);

    /// <summary>Whether every id means something to the context.</summary>
    /// <remarks>
    /// An index out of range is an exception on a CPU, but the end of the process's context on a GPU. And an id of an image says nothing
    /// to those who did not bring it.
    /// </remarks>
    public bool AreKnown(ScoringContext context, ReadOnlySpan<int> ids)
    {
        while (ids.IndexOfAnyExceptInRange(0, _scorer.Configuration.VocabularySize - 1) is >= 0 and var unknown)
        {
            var id = ids[unknown];
            if (context.Images.FirstOrDefault(p => p.Covers(id)) is not { } image)
            {
                return false;
            }

            ids = ids[unknown..];
            ids = ids.IndexOfAnyExceptInRange(image.FirstId, image.FirstId + image.Count - 1) is >= 0 and var end ? ids[end..] : [];
        }

        return true;
    }

    /// <summary>Makes the next pass.</summary>
    /// <param name="number">Number of the pass, counted from 1.</param>
    /// <param name="waiting">Oldest first.</param>
    /// <param name="failures">Work to leave out; what fails here is added.</param>
    public ScoringPass Plan(long number, List<ScoringWork> waiting, Dictionary<ScoringWork, Exception> failures)
    {
        var pass = new ScoringPass(number, _tokensPerPass);
        foreach (var work in waiting.Where(w => !failures.ContainsKey(w)))
        {
            try
            {
                if (!TryPlan(pass, work))
                {
                    break;
                }
            }
            catch (Exception e)
            {
                failures[work] = e;
            }
        }

        return pass;
    }

    /// <returns>True where all of the work is done or in this pass, so that the next may join it.</returns>
    private bool TryPlan(ScoringPass pass, ScoringWork work)
    {
        if (!TryPlanPrompt(pass, work))
        {
            return false;
        }

        if (work.Context.Images.Count > 0 && work.Context.Prompt?.Pass == pass.Number)
        {
            // The answers take the next pass: so they are computed in the same company, hence to the same bits, whether their images were
            // known or not.
            return true;
        }

        for (; work.Next < work.Sequences.Count; work.Next++, work.State = null)
        {
            var sequence = work.Sequences[work.Next];
            if (_scorer.Rotary.DependsOnLength(sequence.Ids.Length))
            {
                if (pass.Runs.Count == 0)
                {
                    pass.Add(work, work.Next++, new PackedRun { Ids = sequence.Ids, Rows = sequence.Rows });
                    pass.SequenceLength = sequence.Ids.Length;
                }

                return false;
            }

            if (!TryPlanSequence(pass, work, sequence))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryPlanPrompt(ScoringPass pass, ScoringWork work)
    {
        var context = work.Context;
        if (!CanShare(context))
        {
            return true;
        }

        var prompt = context.Prompt ??= _cache.Lease(context.PromptIds, context.Images);
        var known = prompt.Pass == pass.Number ? prompt.Planned : prompt.Block.Length;
        var missing = context.PromptIds.Length - known;
        if (missing <= 0)
        {
            return true;
        }

        var count = Math.Min(missing, pass.TokensLeft);
        if (prompt.Pass == pass.Number || count == 0)
        {
            return false;
        }

        pass.Add(work, -1, new PackedRun { Ids = prompt.Ids.AsMemory(known, count), Own = prompt.Block });
        (prompt.Pass, prompt.Planned) = (pass.Number, known + count);
        return count == missing;
    }

    private bool TryPlanSequence(ScoringPass pass, ScoringWork work, ScoringSequence sequence)
    {
        var context = work.Context;
        if (!context.Sequences.TryGetValue(sequence.Key, out var state))
        {
            context.Sequences.Add(sequence.Key, state = new SequenceState());
        }

        if (state.Pass == pass.Number)
        {
            return false;
        }

        if (work.State is null)
        {
            var shared = context.Prompt is null ? [] : context.PromptIds;
            _metrics.Reused(state.Begin(sequence.Ids, shared, sequence.Rows[0]));
            work.State = state;
        }

        var known = state.Known;
        var missing = sequence.Ids.Length - known;
        if (missing > pass.TokensLeft && pass.Runs.Count > 0)
        {
            return false;
        }

        var count = Math.Min(missing, pass.TokensLeft);
        var keeps = !sequence.IsComplete || count < missing;
        pass.Add(work, work.Next, new PackedRun
        {
            Ids = sequence.Ids.AsMemory(known, count),
            Prefix = state.PrefixLength > 0 ? context.Prompt!.Block : null,
            PrefixLength = state.PrefixLength,
            Own = keeps ? state.Keep(_scorer) : state.Block,
            Rows = [.. sequence.Rows.Where(r => r >= known && r < known + count).Select(r => r - known)],
        });
        state.Pass = pass.Number;
        return count == missing;
    }
}
