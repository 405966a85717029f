using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Scoring;

namespace BestOfN.Inference.Scoring;

/// <summary>Packs what waits, over all contexts and oldest first, into passes under a token budget.</summary>
/// <remarks>
/// Thread-safe. One pass is handed to the device worker at a time, so that other users of the device take turns with it. What goes into
/// it is decided by <see cref="PassPlanner"/>.
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
    private readonly PassPlanner _planner;
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
        _planner = new PassPlanner(scorer, Cache, metrics, options.TokensPerPass, maxLength);
        metrics.Observe(this);
    }

    public PromptCache Cache { get; }

    /// <summary>Images of all prompts; null where the model reads text only.</summary>
    public ImageStore? Images => _scorer.Images;

    /// <summary>The longest sequence accepted, in tokens.</summary>
    public int MaxLength => _planner.MaxLength;

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
    /// <param name="images">Leases on the images in it, the context's from here on.</param>
    public ScoringContext Open(int[] promptIds, SeenPrompt? images = null)
    {
        var context = new ScoringContext(promptIds, images);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _open.Add(context);
            if (_planner.CanShare(context) && _waiting.Count < _options.QueueLength)
            {
                _waiting.AddLast(new ScoringWork(context, []));
                SchedulePass();
            }
        }

        return context;
    }

    /// <summary>Rewards of every sequence at its rows, in the order given; one that is no number costs its sequence alone.</summary>
    /// <exception cref="ScoringFailedException">The queue is full, a sequence is too long or the device failed.</exception>
    public async Task<float[][]> ScoreAsync(
        ScoringContext context, IReadOnlyList<ScoringSequence> sequences, CancellationToken cancellationToken)
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
                    $"The conversation with answer {sequence.Key} has {sequence.Ids.Length} tokens; the reward model takes at most "
                        + $"{MaxLength}.");
            }

            if (!_planner.AreKnown(context, sequence.Ids))
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
            Images?.Dispose();
        });
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
        var pass = _planner.Plan(Interlocked.Increment(ref _passes), waiting, failures);
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

    /// <summary>All images that wait go through the vision encoder together.</summary>
    private void Encode(List<ScoringWork> waiting, Dictionary<ScoringWork, Exception> failures)
    {
        var withImages = waiting.Where(w => w.Context.Images.Count > 0).ToList();
        if (withImages.Count == 0)
        {
            return;
        }

        try
        {
            Images!.Encode(withImages.SelectMany(w => w.Context.Images));
        }
        catch (Exception e)
        {
            withImages.ForEach(w => failures[w] = e);
        }
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

            work.Completion.TrySetResult(work.Rewards());
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

        context.ReturnImages();
        Images?.Trim();

        lock (_gate)
        {
            _open.Remove(context);
        }
    }
}
