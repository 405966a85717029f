using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;

namespace BestOfN.Inference.Generation;

/// <summary>The queue of generations and the loop of steps that computes them; knows ids only. Requests join and leave between any two
/// steps.</summary>
/// <remarks>
/// One piece of work at a time is handed to the device worker, a part of a prompt or a step of all sequences in turn, so that other users
/// of the device take turns with it. Thread-safe. The model, the store and the worker stay the caller's.
/// </remarks>
/// <param name="model">Prepacked where that is faster.</param>
/// <param name="images">What ids above the vocabulary mean; null: there are none.</param>
/// <param name="worker">The device's thread.</param>
/// <param name="options">Limits.</param>
internal sealed class GenerationScheduler(LanguageModel model, PictureStore? images, DeviceWorker worker, GenerationOptions options)
    : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<RunningGeneration> _waiting = [];

    // These three belong to the device's thread.
    private readonly List<RunningGeneration> _running = [];
    private readonly Dictionary<TokenSequence, (RunningGeneration Generation, RunningCandidate Candidate)> _open = [];
    private SequenceBatch _batch = new(model, images);

    private int _reserved;                // requests whose images are being decoded
    private bool _hasDecoded = true;
    private bool _stepIsDue;
    private bool _isClosed;

    /// <summary>Lets a generation wait for its turn.</summary>
    /// <returns>Why it cannot; null: it waits.</returns>
    /// <exception cref="ObjectDisposedException">The scheduler was closed.</exception>
    public GenerationFailedException? Enqueue(RunningGeneration generation) => Take(() => _waiting.Enqueue(generation));

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

            _waiting.Enqueue(generation);
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

    /// <summary>Ends all generations and frees their memory. Device thread only, after <see cref="Close"/>.</summary>
    public void Dispose()
    {
        foreach (var generation in (RunningGeneration[])[.. _waiting, .. _running])
        {
            generation.EndAll(new ObjectDisposedException(nameof(GenerationEngine)));
            generation.ReturnPictures();
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
            ObjectDisposedException.ThrowIf(_isClosed, typeof(GenerationEngine));
            if (_waiting.Count + _reserved >= options.QueueLength)
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
        var task = worker.RunAsync(Step);
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
            Admit();
            EncodeImages();
            Advance();
        }
        catch (Exception e)
        {
            Fail(e);
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
        if (_running.RemoveAll(g => !g.EndCancelled()) > 0)
        {
            images?.Trim();
        }

        foreach (var (sequence, _) in _open.Where(o => o.Key.IsEnded).ToArray())
        {
            _open.Remove(sequence);
        }

        _batch.Compact();
    }

    private void Admit()
    {
        while (true)
        {
            RunningGeneration? next;
            lock (_gate)
            {
                if (!_waiting.TryPeek(out next)
                    || (next.Candidates.Count + _batch.Count > options.MaxSequences && next.Candidates.Any(c => !c.IsCancelled)))
                {
                    return;
                }

                _waiting.Dequeue();
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

            foreach (var candidate in candidates)
            {
                _open.Add(candidate.Sequence, (next, candidate));
            }
        }
    }

    /// <summary>Images of all requests that were admitted go through the vision encoder together.</summary>
    private void EncodeImages()
    {
        var generations = _running.Where(g => !g.AreImagesEncoded && g.Pictures.Count > 0).ToList();
        if (generations.Count == 0)
        {
            return;
        }

        generations.ForEach(g => g.AreImagesEncoded = true);
        try
        {
            images!.Encode(generations.SelectMany(g => g.Pictures));
        }
        catch (Exception e)
        {
            var reason = Failure(e);
            foreach (var (generation, candidate) in _open.Values.Where(o => generations.Contains(o.Generation) && !o.Candidate.IsDone))
            {
                generation.Fail(candidate, reason);
            }
        }
    }

    private void Advance()
    {
        // Prompts and running sequences take turns, so that neither starves.
        var prefills = _batch.HasPrompts && (_hasDecoded || !_batch.HasRunning);
        var stepped = prefills ? _batch.Prefill(options.TokensPerPrefill) : _batch.Decode();
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

    private void Fail(Exception exception)
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
        _batch = new SequenceBatch(model, images);
    }

    // libtorch appends its own stack to the first line.
    private static GenerationFailedException Failure(Exception exception) =>
        new($"The generation step failed: {exception.Message.Split('\n', 2)[0]}", exception);
}
