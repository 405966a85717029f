namespace BestOfN.Gateway.Selection;

/// <summary>Whether a request's status may still become that of an upstream that is asked again after a failure. Thread-safe.</summary>
/// <param name="patience">How long an upstream that is asked again has for its answer.</param>
/// <param name="time">The clock.</param>
internal sealed class OpenStatus(TimeSpan patience, TimeProvider time)
{
    private long _until;

    public bool IsOpen => time.GetUtcNow().Ticks < Volatile.Read(ref _until);

    /// <summary>Keeps the status open for a pause and the answer after it.</summary>
    public void Await(TimeSpan pause) => Volatile.Write(ref _until, (time.GetUtcNow() + pause + patience).Ticks);
}
