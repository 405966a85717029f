namespace BestOfN.Core.Selection;

/// <summary>The clock of one request, which begins with it. Thread-safe.</summary>
internal sealed class SelectionClock(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>From the request until now.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>The clock that timers go by.</summary>
    public TimeProvider Time => time;
}
