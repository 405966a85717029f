namespace BestOfN.Protocols.Upstreams;

/// <summary>The retries left to one client request. All calls made for it draw on the same budget.</summary>
public sealed class RetryBudget(int retries)
{
    private int _left = retries;

    public bool TryTake() => Interlocked.Decrement(ref _left) >= 0;
}
