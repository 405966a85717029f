namespace BestOfN.Gateway.Access;

/// <summary>Lets a number of requests work at the same time and has others wait, so that no client keeps the rest out.</summary>
/// <remarks>
/// A place that becomes free goes to the client with the fewest requests at work, among equals to the one whose last turn is longest ago.
/// Where the queue is full, the newest request of the client with the most requests gives way to a client that has fewer. Thread-safe.
/// </remarks>
/// <param name="places">Requests that work at the same time.</param>
/// <param name="placesPerClient">Requests of one client that work at the same time.</param>
/// <param name="queueLength">Requests that may wait, over all clients.</param>
internal sealed class FairTurns(int places, int placesPerClient, int queueLength)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Client> _clients = new(StringComparer.Ordinal);
    private long _arrivals;
    private long _turns;

    public int Working { get; private set; }

    public int Waiting { get; private set; }

    /// <summary>Waits for a place.</summary>
    /// <returns>The place, free again when disposed; null if the queue has no room, or none any more.</returns>
    /// <exception cref="OperationCanceledException">The wait was given up.</exception>
    public async Task<IDisposable?> TakeAsync(string name, CancellationToken cancellationToken)
    {
        Client client;
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            if (!_clients.TryGetValue(name, out client!))
            {
                _clients.Add(name, client = new(name));
            }

            if (Working < places && client.Working < placesPerClient)
            {
                Begin(client);
                return new Place(this, client);
            }

            if (Waiting >= queueLength && !MakeRoom(client))
            {
                Forget(client);
                return null;
            }

            node = client.Waiters.AddLast(new Waiter(_arrivals++));
            Waiting++;
        }

        await using (cancellationToken.Register(() => GiveUp(client, node, cancellationToken)))
        {
            return await node.Value.Turn.Task ? new Place(this, client) : null;
        }
    }

    private bool MakeRoom(Client newcomer)
    {
        var largest = _clients.Values.Where(client => client.Waiters.Count > 0).MaxBy(client => client.Total);
        if (largest is null || largest.Total <= newcomer.Total + 1)
        {
            return false;
        }

        Remove(largest, largest.Waiters.Last!).Turn.SetResult(false);
        return true;
    }

    private void GiveUp(Client client, LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (node.List is not null)
            {
                Remove(client, node).Turn.SetCanceled(cancellationToken);
                Forget(client);
            }
        }
    }

    private void Release(Client client)
    {
        lock (_lock)
        {
            Working--;
            client.Working--;
            Forget(client);
            while (Working < places
                && _clients.Values.Where(each => each.Waiters.Count > 0 && each.Working < placesPerClient)
                    .MinBy(each => (each.Working, each.LastTurn, each.Waiters.First!.Value.Arrival)) is { } next)
            {
                var waiter = Remove(next, next.Waiters.First!);
                Begin(next);
                waiter.Turn.SetResult(true);
            }
        }
    }

    private void Begin(Client client)
    {
        Working++;
        client.Working++;
        client.LastTurn = ++_turns;
    }

    private Waiter Remove(Client client, LinkedListNode<Waiter> node)
    {
        client.Waiters.Remove(node);
        Waiting--;
        return node.Value;
    }

    private void Forget(Client client)
    {
        if (client.Total == 0)
        {
            _clients.Remove(client.Name);
        }
    }

    private sealed class Client(string name)
    {
        public string Name => name;

        public int Working { get; set; }

        public long LastTurn { get; set; }

        public LinkedList<Waiter> Waiters { get; } = [];

        public int Total => Working + Waiters.Count;
    }

    private sealed record Waiter(long Arrival)
    {
        public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Place(FairTurns turns, Client client) : IDisposable
    {
        private int _isFree;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isFree, 1) == 0)
            {
                turns.Release(client);
            }
        }
    }
}
