using BestOfN.Inputs.Files;
using Spectre.Console;

namespace BestOfN.Cli.Hosting;

/// <summary>Where a command writes: results to standard output, progress and errors to standard error.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress, summaries and errors.</param>
/// <param name="Clock">For progress; null: the system's.</param>
internal sealed record CommandTerminal(IAnsiConsole Out, IAnsiConsole Error, TimeProvider? Clock = null)
{
    /// <summary>Most characters of a line: text from files can be much longer.</summary>
    internal const int LongestLine = 4000;

    private const int WidthOfPipe = 10_000;

    public TimeProvider Time => Clock ?? TimeProvider.System;

    /// <summary>Writes a line to standard error as it is: a console would break it at its width.</summary>
    public void Tell(string line) => Error.Profile.Out.Writer.WriteLine(Printable.Text(line, LongestLine));

    public static CommandTerminal OfProcess() => new(Console(System.Console.Out), Console(System.Console.Error));

    /// <summary>A console that breaks lines only if it writes to a terminal.</summary>
    internal static IAnsiConsole Console(TextWriter writer, AnsiSupport ansi = AnsiSupport.Detect)
    {
        var console = AnsiConsole.Create(new() { Ansi = ansi, Out = new AnsiConsoleOutput(writer) });
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = WidthOfPipe;
        }

        return console;
    }

    /// <summary>Shows progress: a bar on a terminal, else a line now and then.</summary>
    /// <param name="task">The work and the unit that is counted, such as <c>converting, MiB</c>.</param>
    /// <param name="total">Units of work in all.</param>
    /// <param name="work">The work; reports how many units are done.</param>
    public async Task<T> WithProgressAsync<T>(string task, int total, Func<IProgress<int>, Task<T>> work) => Error.Profile.Out.IsTerminal
        ? await Error.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(context =>
            {
                var bar = context.AddTask(Markup.Escape(task), maxValue: total);
                return work(new SynchronousProgress(done => bar.Value = Math.Max(bar.Value, done)));
            })
        : await work(new SynchronousProgress(new ProgressLines(this, task, total).Report));

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
