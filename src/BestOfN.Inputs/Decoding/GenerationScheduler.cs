using BestOfN.Core.Failures;
using BestOfN.Core.Generation;

namespace BestOfN.Inputs.Decoding;

/// <summary>The queue of generations and the loop of steps that computes them; knows ids only. Requests join and leave between any two
/// steps.</summary>
/// <remarks>
/// One piece of work at a time is handed to the engine's thread, a part of a prompt or a step of all sequences in turn, so that other users
/// of the device take turns with it. Thread-safe.
/// </remarks>
/// <param name="createBatch">Makes an empty batch, on the engine's thread or on the caller's; again after a step that failed.</param>
/// <param name="run">Runs work on the engine's thread, in order of arrival; gives a task that has failed where that has ended.</param>
/// <param name="limits">Limits.</param>
internal sealed class GenerationScheduler(Func<ISequenceBatch> createBatch, Func<Action, Task> run, SchedulerLimits limits) : IDisposable
{
    /// <summary>Requests that may go before the one whose turn it is.</summary>
    private const int MostPasses = 16;

    private readonly Lock _gate = new();
    private readonly List<RunningGeneration> _waiting = [];

    // These three belong to the engine's thread.
    private readonly List<RunningGeneration> _running = [];
    private readonly Dictionary<TokenSequence, (RunningGeneration Generation, RunningCandidate Candidate)> _open = [];
    private ISequenceBatch _batch = createBatch();

    private int _reserved;                // requests whose images are being decoded
    private int _passes;                  // requests that went before the first of those that wait
    private bool _hasDecoded = true;
    private bool _stepIsDue;
    private bool _isClosed;

    /// <summary>Lets a generation wait for its turn.</summary>
    /// <returns>Why it cannot; null: it waits.</returns>
    /// <exception cref="ObjectDisposedException">The scheduler was closed.</exception>
    public GenerationFailedException? Enqueue(RunningGeneration generation) => Take(() => _waiting.Add(generation));

    /// <summary>Keeps a place in the queue for a generation whose images are still being decoded.</summary>
    /// <inheritdoc cref="Enqueue"/>
    public GenerationFailedException? Reserve() => Take(() => _reserved++);

    /// <summary>Gives up a reserved place.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _reserved--;
        }
    }

    /// <summary>Puts a generation into its reserved place.</summary>
    /// <returns>False where the scheduler has been closed.</returns>
    public bool EnqueueReserved(RunningGeneration generation)
    {
        lock (_gate)
        {
            _reserved--;
            if (_isClosed)
            {
                return false;
            }

            _waiting.Add(generation);
            ScheduleStep();
            return true;
        }
    }

    /// <summary>Has what was cancelled taken out soon.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            ScheduleStep();
        }
    }

    /// <summary>Accepts nothing more; false where that was so already.</summary>
    public bool Close()
    {
        lock (_gate)
        {
            return !_isClosed && (_isClosed = true);
        }
    }

    /// <summary>Ends all generations and frees their memory. On the engine's thread, after <see cref="Close"/>.</summary>
    public void Dispose()
    {
        foreach (var generation in (RunningGeneration[])[.. _waiting, .. _running])
        {
            generation.EndAll(new ObjectDisposedException(nameof(IGenerator)));
            generation.Return();
        }

        _waiting.Clear();
        _running.Clear();
        _open.Clear();
        _batch.Dispose();
    }

    private GenerationFailedException? Take(Action place)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(IGenerator));
            if (_waiting.Count + _reserved >= limits.QueueLength)
            {
                return new GenerationFailedException(
                    new Failure(FailureKind.Overloaded, $"The generation queue is full: {_waiting.Count + _reserved} requests wait.")
                    {
                        RetryAfter = TimeSpan.FromSeconds(1),
                    });
            }

            place();
            if (_waiting.Count > 0)
            {
                ScheduleStep();
            }

            return null;
        }
    }

    // Under the lock.
    private void ScheduleStep()
    {
        if (_stepIsDue || _isClosed)
        {
            return;
        }

        _stepIsDue = true;
        var task = run(Step);
        if (task.IsFaulted)
        {
            foreach (var generation in _waiting)
            {
                generation.EndAll(
                    new GenerationFailedException("The generation device has been shut down.", task.Exception.InnerException));
            }

            _waiting.Clear();
        }
    }

    private void Step()
    {
        try
        {
            RemoveEnded();
            See(Admit());
            Advance();
        }
        catch (Exception e)
        {
            FailAll(e);
        }

        RemoveEnded();
        lock (_gate)
        {
            _stepIsDue = false;
            if (_running.Count > 0 || _waiting.Count > 0)
            {
                ScheduleStep();
            }
        }
    }

    private void RemoveEnded()
    {
        _running.RemoveAll(g => !g.EndCancelled());
        foreach (var (sequence, _) in _open.Where(o => o.Key.IsEnded).ToArray())
        {
            _open.Remove(sequence);
        }

        _batch.Compact();
    }

    /// <returns>The generations that run from now on.</returns>
    private List<RunningGeneration> Admit()
    {
        var admitted = new List<RunningGeneration>();
        while (true)
        {
            if (TakeNext() is not { } next)
            {
                return admitted;
            }

            if (!next.EndCancelled())
            {
                continue;
            }

            var candidates = next.Candidates.Where(c => !c.IsDone).ToArray();
            _running.Add(next);
            try
            {
                _batch.Add([(next.PromptIds, [.. candidates.Select(c => c.Sequence)])], next.Limit);
            }
            catch (Exception e)
            {
                // There is no memory for one more; those that run go on.
                Array.ForEach(candidates, c => next.Fail(c, Failure(e)));
                continue;
            }

            admitted.Add(next);
            foreach (var candidate in candidates)
            {
                _open.Add(candidate.Sequence, (next, candidate));
            }
        }
    }

    /// <summary>Takes the request whose turn it is, or, while that one does not fit, one behind it that does.</summary>
    /// <remarks>A request for one candidate need not wait until one for 64 has found its place. A request is passed
    /// <see cref="MostPasses"/> times at most, so that small ones do not keep a large one waiting for ever.</remarks>
    private RunningGeneration? TakeNext()
    {
        lock (_gate)
        {
            for (var place = 0; place < _waiting.Count && (place == 0 || _passes < MostPasses); place++)
            {
                var next = _waiting[place];
                if (next.Candidates.All(c => c.IsCancelled) || HasRoomFor(next))
                {
                    _waiting.RemoveAt(place);
                    _passes = place == 0 ? 0 : _passes + 1;
                    return next;
                }
            }

            return null;
        }
    }

    /// <summary>What requests that were admitted show besides text is prepared for all of them together.</summary>
    private void See(List<RunningGeneration> admitted)
    {
        IDisposable[] held = [.. admitted.Select(g => g.Held).OfType<IDisposable>()];
        if (held.Length == 0)
        {
            return;
        }

        try
        {
            _batch.See(held);
        }
        catch (Exception e)
        {
            var reason = Failure(e);
            var unseen = _open.Values.Where(o => o.Generation.Held is { } h && held.Contains(h) && !o.Candidate.IsDone);
            foreach (var (generation, candidate) in unseen)
            {
                generation.Fail(candidate, reason);
            }
        }
    }

    private bool HasRoomFor(RunningGeneration next) =>
        next.Candidates.Count + _batch.Count <= limits.MaxSequences
        && _batch.HasRoomFor(next.PromptIds.Count, next.Candidates.Count, next.Limit);

    private void Advance()
    {
        // Prompts and running sequences take turns, so that neither starves.
        var prefills = _batch.HasPrompts && (_hasDecoded || !_batch.HasRunning);
        var stepped = prefills ? _batch.Prefill(limits.TokensPerPrefill) : _batch.Decode();
        _hasDecoded = !prefills;
        foreach (var sequence in stepped)
        {
            var (generation, candidate) = _open[sequence];
            generation.Report(candidate);
        }

        foreach (var generation in _running)
        {
            generation.EndBudget();
        }
    }

    private void FailAll(Exception exception)
    {
        var reason = Failure(exception);
        foreach (var (generation, candidate) in _open.Values)
        {
            if (!candidate.IsDone)
            {
                generation.Fail(candidate, reason);
            }
        }

        _batch.Dispose();
        _batch = createBatch();
    }

    // libtorch appends its own stack to the first line.
    private static GenerationFailedException Failure(Exception exception) =>
        new($"The generation step failed: {exception.Message.Split('\n', 2)[0]}", exception);
}
