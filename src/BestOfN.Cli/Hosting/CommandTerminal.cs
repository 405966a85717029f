using Spectre.Console;

namespace BestOfN.Cli.Hosting;

/// <summary>Where a command writes: results to standard output, progress and errors to standard error.</summary>
internal sealed record CommandTerminal(IAnsiConsole Out, IAnsiConsole Error)
{
    public static CommandTerminal OfProcess() => new(
        AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Out) }),
        AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) }));

    /// <summary>Shows progress where somebody looks at a terminal, and nothing where a file or a pipe would fill with it.</summary>
    public async Task<T> WithProgressAsync<T>(string task, int total, Func<IProgress<int>?, Task<T>> work) => Error.Profile.Out.IsTerminal
        ? await Error.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(context =>
            {
                var bar = context.AddTask(Markup.Escape(task), maxValue: total);
                return work(new SynchronousProgress(done => bar.Value = Math.Max(bar.Value, done)));
            })
        : await work(null);

    private sealed class SynchronousProgress(Action<int> report) : IProgress<int>
    {
        private readonly Lock _lock = new();

        public void Report(int value)
        {
            lock (_lock)
            {
                report(value);
            }
        }
    }
}
