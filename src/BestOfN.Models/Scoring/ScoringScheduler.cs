using BestOfN.Core.Rewards;
using BestOfN.Models.Devices;
using BestOfN.Models.Networks;
using BestOfN.Models.Prompts;

namespace BestOfN.Models.Scoring;

/// <summary>Packs what waits, over all contexts and oldest first, into passes under a token budget.</summary>
/// <remarks>
/// Thread-safe. One pass is handed to the device worker at a time, so that other users of the device take turns with it. A pass takes new
/// tokens only: prompts that are not known yet, and of every sequence what neither its prompt nor its earlier beginning holds.
/// A prompt and the sequences that follow it fit into one pass.
/// </remarks>
internal sealed class ScoringScheduler : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LinkedList<ScoringWork> _waiting = [];
    private readonly HashSet<ScoringContext> _open = [];
    private readonly PackedScorer _scorer;
    private readonly DeviceWorker _worker;
    private readonly ScoringOptions _options;
    private readonly ScoringMetrics _metrics;
    private bool _passIsDue;
    private bool _isDisposed;
    private long _passes;

    /// <param name="scorer">Computes the passes.</param>
    /// <param name="worker">The device's thread.</param>
    /// <param name="options">How requests share it.</param>
    /// <param name="metrics">Told what was computed.</param>
    /// <param name="maxLength">The model's own limit, where it is narrower than its positions.</param>
    public ScoringScheduler(PackedScorer scorer, DeviceWorker worker, ScoringOptions options, ScoringMetrics metrics, int? maxLength = null)
    {
        (_scorer, _worker, _options, _metrics) = (scorer, worker, options, metrics);
        Cache = new PromptCache(scorer, options.PromptCacheBytes);
        MaxLength = scorer.Configuration.RopeScaling is DynamicRopeScaling dynamic
            ? (int)Math.Min(int.MaxValue, scorer.Configuration.MaxPositions * Math.Max(1, dynamic.Factor))
            : scorer.Configuration.MaxPositions;
        MaxLength = Math.Min(MaxLength, maxLength ?? int.MaxValue);
        metrics.Observe(this);
    }

    public PromptCache Cache { get; }

    /// <summary>Pictures of all prompts; null where the model reads text only.</summary>
    public PictureStore? Pictures => _scorer.Pictures;

    /// <summary>The longest sequence accepted, in tokens.</summary>
    public int MaxLength { get; }

    public long Passes => Interlocked.Read(ref _passes);

    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Opens a context and queues its prompt. Where the queue is full the prompt waits for the first call.</summary>
    /// <param name="promptIds">The prompt.</param>
    /// <param name="pictures">Leases on the pictures in it, the context's from here on.</param>
    public ScoringContext Open(int[] promptIds, SeenPrompt? pictures = null)
    {
        var context = new ScoringContext(promptIds, pictures);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _open.Add(context);
            if (CanShare(context) && _waiting.Count < _options.QueueLength)
            {
                _waiting.AddLast(new ScoringWork(context, []));
                SchedulePass();
            }
        }

        return context;
    }

    /// <summary>Rewards of every sequence at its rows, in the order given; finite.</summary>
    /// <exception cref="ScoringFailedException">The queue is full, a sequence is too long, the device failed, or a reward is not finite.</exception>
    public async Task<float[][]> ScoreAsync(ScoringContext context, IReadOnlyList<ScoringSequence> sequences, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (sequences.Count == 0)
        {
            return [];
        }

        foreach (var sequence in sequences)
        {
            if (sequence.Ids.Length > MaxLength)
            {
                throw new ScoringFailedException(
                    $"The conversation with answer {sequence.Key} has {sequence.Ids.Length} tokens; the reward model takes at most {MaxLength}.");
            }

            if (!AreKnown(context, sequence.Ids))
            {
                throw new ScoringFailedException(
                    $"Answer {sequence.Key} has a token id outside 0..{_scorer.Configuration.VocabularySize - 1}.");
            }
        }

        var work = new ScoringWork(context, sequences);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed || context.IsClosed, this);
            if (NodeOf(context, prefill: true) is { } prefill)
            {
                prefill.Value = work;   // the call takes its prompt's place in the queue
            }
            else if (_waiting.Count >= _options.QueueLength)
            {
                throw new ScoringFailedException($"The scoring queue is full: {_waiting.Count} calls wait.");
            }
            else
            {
                _waiting.AddLast(work);
            }

            SchedulePass();
        }

        await using var registration = cancellationToken.Register(() => Cancel(work, cancellationToken));
        return await work.Completion.Task;
    }

    /// <summary>Drops what waits for the context and gives its states back as soon as the device is free.</summary>
    public void Close(ScoringContext context)
    {
        lock (_gate)
        {
            if (context.IsClosed)
            {
                return;
            }

            context.IsClosed = true;
            while (NodeOf(context) is { } node)
            {
                _waiting.Remove(node);
                node.Value.Completion.TrySetCanceled();
            }
        }

        _ = _worker.RunAsync(() => Release(context));
    }

    public void Dispose()
    {
        List<ScoringContext> open;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            open = [.. _open];
            foreach (var work in _waiting)
            {
                work.Fail(new ObjectDisposedException(nameof(ScoringScheduler)));
            }

            _waiting.Clear();
        }

        _worker.RunToEnd(() =>
        {
            open.ForEach(Release);
            Cache.Dispose();
            Pictures?.Dispose();
        });
    }

    private bool CanShare(ScoringContext context) => context.PromptIds is { Length: > 0 } prompt
        && prompt.Length <= MaxLength && !_scorer.Rotary.DependsOnLength(prompt.Length) && AreKnown(context, prompt);

    // An index out of range is an exception on a CPU, but the end of the process's context on a GPU.
    // And an id of a picture says nothing to those who did not bring it.
    private bool AreKnown(ScoringContext context, ReadOnlySpan<int> ids)
    {
        while (ids.IndexOfAnyExceptInRange(0, _scorer.Configuration.VocabularySize - 1) is >= 0 and var unknown)
        {
            var id = ids[unknown];
            if (context.Pictures.FirstOrDefault(p => p.Covers(id)) is not { } picture)
            {
                return false;
            }

            ids = ids[unknown..];
            ids = ids.IndexOfAnyExceptInRange(picture.FirstId, picture.FirstId + picture.Count - 1) is >= 0 and var end ? ids[end..] : [];
        }

        return true;
    }

    private LinkedListNode<ScoringWork>? NodeOf(ScoringContext context, bool prefill = false)
    {
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            if (node.Value.Context == context && (!prefill || node.Value.IsPrefill))
            {
                return node;
            }
        }

        return null;
    }

    private void Cancel(ScoringWork work, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _waiting.Remove(work);
        }

        work.Completion.TrySetCanceled(cancellationToken);
    }

    // Under the lock.
    private void SchedulePass()
    {
        if (_passIsDue || _waiting.Count == 0)
        {
            return;
        }

        var task = _worker.RunAsync(RunPass);
        _passIsDue = !task.IsFaulted;
        if (task.IsFaulted)
        {
            foreach (var work in _waiting)
            {
                work.Fail(new ScoringFailedException("The scoring device has been shut down.", task.Exception.InnerException));
            }

            _waiting.Clear();
        }
    }

    private void RunPass()
    {
        List<ScoringWork> waiting;
        lock (_gate)
        {
            waiting = [.. _waiting];
        }

        var failures = new Dictionary<ScoringWork, Exception>();
        Encode(waiting, failures);
        var pass = Plan(waiting, failures);
        if (pass.Runs.Count > 0)
        {
            try
            {
                Compute(pass);
            }
            catch (Exception e)
            {
                foreach (var work in pass.Works)
                {
                    failures[work] = e;
                }
            }
        }

        Finish(waiting, failures);
    }

    /// <summary>All pictures that wait go through the tower together.</summary>
    private void Encode(List<ScoringWork> waiting, Dictionary<ScoringWork, Exception> failures)
    {
        var withPictures = waiting.Where(w => w.Context.Pictures.Count > 0).ToList();
        if (withPictures.Count == 0)
        {
            return;
        }

        try
        {
            Pictures!.Encode(withPictures.SelectMany(w => w.Context.Pictures));
        }
        catch (Exception e)
        {
            withPictures.ForEach(w => failures[w] = e);
        }
    }

    private ScoringPass Plan(List<ScoringWork> waiting, Dictionary<ScoringWork, Exception> failures)
    {
        var pass = new ScoringPass(Interlocked.Increment(ref _passes), _options.TokensPerPass);
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

        if (work.Context.Pictures.Count > 0 && work.Context.Prompt?.Pass == pass.Number)
        {
            // The answers take the next pass: so they are computed in the same company, hence to the same bits, whether their pictures were known or not.
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

        var prompt = context.Prompt ??= Cache.Lease(context.PromptIds, context.Pictures);
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

    private void Compute(ScoringPass pass)
    {
        var rewards = _scorer.Run(pass.Runs, pass.SequenceLength);
        for (var i = 0; i < pass.Runs.Count; i++)
        {
            var (work, sequence) = pass.Targets[i];
            if (sequence >= 0)
            {
                work.Add(sequence, rewards[i]);
            }
        }

        _metrics.Computed(pass);
    }

    private void Finish(List<ScoringWork> waiting, Dictionary<ScoringWork, Exception> failures)
    {
        var finished = waiting.Where(w => failures.ContainsKey(w) || IsComplete(w)).ToList();
        lock (_gate)
        {
            foreach (var work in finished)
            {
                _waiting.Remove(work);
            }

            _passIsDue = false;
            SchedulePass();
        }

        foreach (var work in finished)
        {
            DropFinishedStates(work);
            if (failures.TryGetValue(work, out var failure))
            {
                var reason = failure.Message.Split('\n', 2)[0];   // libtorch appends its own stack
                work.Fail(new ScoringFailedException($"The scoring pass failed: {reason}", failure));
                continue;
            }

            var rewards = work.Rewards();
            var bad = Array.FindIndex(rewards, r => !r.All(float.IsFinite));
            if (bad >= 0)
            {
                work.Fail(new ScoringFailedException(
                    $"The reward model gave {rewards[bad].First(r => !float.IsFinite(r))} for answer {work.Sequences[bad].Key}."));
            }
            else
            {
                work.Completion.TrySetResult(rewards);
            }
        }
    }

    private static bool IsComplete(ScoringWork work) => work.IsPrefill
        ? work.Context.Prompt is { } prompt && prompt.Block.Length >= work.Context.PromptIds.Length
        : work.Next == work.Sequences.Count;

    private static void DropFinishedStates(ScoringWork work)
    {
        foreach (var sequence in work.Sequences)
        {
            if (sequence.IsComplete && work.Context.Sequences.Remove(sequence.Key, out var state))
            {
                state.Dispose();
            }
        }
    }

    private void Release(ScoringContext context)
    {
        foreach (var state in context.Sequences.Values)
        {
            state.Dispose();
        }

        context.Sequences.Clear();
        if (context.Prompt is { } prompt)
        {
            context.Prompt = null;
            Cache.Return(prompt);
        }

        context.ReturnPictures();
        Pictures?.Trim();

        lock (_gate)
        {
            _open.Remove(context);
        }
    }
}
