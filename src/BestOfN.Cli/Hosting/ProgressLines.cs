namespace BestOfN.Cli.Hosting;

/// <summary>Progress for a log or a pipe: one line after 5 seconds and then one every 15 seconds. Long work shows that it
/// is alive; short work prints nothing.</summary>
/// <param name="terminal">Where lines go.</param>
/// <param name="task">The work, as the line names it.</param>
/// <param name="total">Items to process.</param>
internal sealed class ProgressLines(CommandTerminal terminal, string task, int total)
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(15);

    private TimeSpan _wait = TimeSpan.FromSeconds(5);
    private readonly long _begun = terminal.Time.GetTimestamp();
    private long _last = terminal.Time.GetTimestamp();
    private int? _first;

    /// <summary>Reports the number of finished items. The first report counts the items of an earlier run.</summary>
    public void Report(int done)
    {
        _first ??= done;
        if (terminal.Time.GetElapsedTime(_last) < _wait)
        {
            return;
        }

        (_last, _wait) = (terminal.Time.GetTimestamp(), s_every);
        var elapsed = terminal.Time.GetElapsedTime(_begun);
        var perSecond = (done - _first.Value) / elapsed.TotalSeconds;
        var left = perSecond > 0 && done < total
            ? $", about {Amounts.Time(TimeSpan.FromSeconds(Math.Min((total - done) / perSecond, 1e6)))} left" : "";
        terminal.Tell($"{task} {done}/{total}, {Amounts.Rate(perSecond)}/s{left}");
    }
}
