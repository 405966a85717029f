namespace BestOfN.Inference.ImageCache;

/// <summary>
/// Lets a number of works run at the same time, and requests take turns: one with much work does not keep out one with little. Thread-safe.
/// </summary>
/// <param name="lanes">Works at the same time.</param>
/// <param name="lanesPerRequest">Works of one request at the same time.</param>
internal sealed class FairLanes(int lanes, int lanesPerRequest)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<object, Share> _shares = [];
    private readonly LinkedList<Share> _turns = new();      // requests with work that waits; the first is next
    private int _running;

    /// <summary>Waits for a lane. To be given back with <see cref="Leave"/> where this does not throw.</summary>
    /// <param name="request">The request that the work is for; told from others by reference.</param>
    /// <param name="cancellationToken">Gives up the place in the queue.</param>
    public async Task EnterAsync(object request, CancellationToken cancellationToken)
    {
        var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_shares.TryGetValue(request, out var share))
            {
                _shares.Add(request, share = new Share());
            }

            share.Waiting.AddLast(place);
            if (share.Waiting.Count == 1)
            {
                _turns.AddLast(share);
            }

            StartNext();
        }

        await using (cancellationToken.Register(() => GiveUp(request, place, cancellationToken)))
        {
            await place.Task;
        }
    }

    public void Leave(object request)
    {
        lock (_gate)
        {
            _running--;
            _shares[request].Running--;
            StartNext();
            ForgetIfIdle(request);
        }
    }

    private void GiveUp(object request, TaskCompletionSource place, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // Not where its turn came in the meantime.
            if (!_shares.TryGetValue(request, out var share) || !share.Waiting.Remove(place))
            {
                return;
            }

            if (share.Waiting.Count == 0)
            {
                _turns.Remove(share);
            }

            ForgetIfIdle(request);
        }

        place.SetCanceled(cancellationToken);
    }

    // As below, under the lock.
    private void StartNext()
    {
        while (_running < lanes && _turns.FirstOrDefault(s => s.Running < lanesPerRequest) is { } next)
        {
            var place = next.Waiting.First!.Value;
            next.Waiting.RemoveFirst();
            _turns.Remove(next);
            if (next.Waiting.Count > 0)
            {
                _turns.AddLast(next);
            }

            _running++;
            next.Running++;
            place.SetResult();
        }
    }

    private void ForgetIfIdle(object request)
    {
        if (_shares[request] is { Running: 0, Waiting.Count: 0 })
        {
            _shares.Remove(request);
        }
    }

    private sealed class Share
    {
        public LinkedList<TaskCompletionSource> Waiting { get; } = new();

        public int Running { get; set; }
    }
}
