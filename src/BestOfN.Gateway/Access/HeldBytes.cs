namespace BestOfN.Gateway.Access;

/// <summary>A budget of bytes for the bodies of all requests together. One client gets no more than its share. Thread-safe.</summary>
internal sealed class HeldBytes(long total, long perClient)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _clients = new(StringComparer.Ordinal);

    public long Held { get; private set; }

    public bool TryTake(string client, long bytes)
    {
        lock (_lock)
        {
            var held = _clients.GetValueOrDefault(client);
            if (Held + bytes > total || held + bytes > perClient)
            {
                return false;
            }

            Held += bytes;
            _clients[client] = held + bytes;
            return true;
        }
    }

    public void Return(string client, long bytes)
    {
        lock (_lock)
        {
            Held -= bytes;
            if ((_clients[client] -= bytes) == 0)
            {
                _clients.Remove(client);
            }
        }
    }
}
