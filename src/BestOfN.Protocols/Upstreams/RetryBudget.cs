namespace BestOfN.Protocols.Upstreams;

/// <summary>The retries left to one client request. All calls made for it draw on the same budget.</summary>
/// <param name="retries">How many there are.</param>
/// <param name="onRetry">Told the pause before each of them; null: nobody wants to know.</param>
public sealed class RetryBudget(int retries, Action<TimeSpan>? onRetry = null)
{
    private int _left = retries;

    public bool TryTake() => Interlocked.Decrement(ref _left) >= 0;

    /// <summary>Announces a retry.</summary>
    public void Pause(TimeSpan pause) => onRetry?.Invoke(pause);
}
