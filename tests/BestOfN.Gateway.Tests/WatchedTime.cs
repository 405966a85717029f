using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Gateway.Tests;

/// <summary>
/// A clock that stands still and tells when somebody begins to wait, so that a test moves it neither too early nor twice.
/// </summary>
internal sealed class WatchedTime : FakeTimeProvider
{
    private readonly ConcurrentDictionary<TimeSpan, TaskCompletionSource> _waits = new();

    /// <summary>Ends when a wait of this length has begun.</summary>
    public Task WaitsForAsync(TimeSpan length) => Wait(length).Task.WaitAsync(TestGateway.Cancellation);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Wait(dueTime).TrySetResult();
        return timer;
    }

    private TaskCompletionSource Wait(TimeSpan length) =>
        _waits.GetOrAdd(length, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
