namespace BestOfN.Training.Loops;

/// <summary>
/// When a training is saved between its checkpoints: every two minutes, so that a power cut costs no more, but no more than a twentieth of
/// the time goes into saving.
/// </summary>
internal sealed class SavePoints(TimeProvider time)
{
    private const int LeastShare = 20;
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(2);

    private TimeSpan _every = s_every;
    private long _last = time.GetTimestamp();

    public bool IsDue => time.GetElapsedTime(_last) >= _every;

    public void Save(Action save)
    {
        var started = time.GetTimestamp();
        save();
        var took = time.GetElapsedTime(started);
        _every = took * LeastShare > s_every ? took * LeastShare : s_every;
        _last = time.GetTimestamp();
    }
}
