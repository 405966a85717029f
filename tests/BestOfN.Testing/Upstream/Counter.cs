namespace BestOfN.Testing.Upstream;

/// <summary>Counts, and can be awaited.</summary>
public sealed class Counter
{
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Ends when the count is at least this; fails after a minute, because a test must not hang.</summary>
    public Task ReachesAsync(int count)
    {
        lock (_waiting)
        {
            if (_count >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            return reached.Task.WaitAsync(TimeSpan.FromMinutes(1));
        }
    }

    internal void Increment()
    {
        lock (_waiting)
        {
            _count++;
            foreach (var (_, reached) in _waiting.Where(wait => wait.Count <= _count))
            {
                reached.TrySetResult();
            }
        }
    }
}
