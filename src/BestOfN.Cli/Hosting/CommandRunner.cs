using System.CommandLine;
using System.Runtime.InteropServices;
using BestOfN.Models.Files;

namespace BestOfN.Cli.Hosting;

/// <summary>Runs a command line: its end is an exit code, its failure one line on standard error.</summary>
internal static class CommandRunner
{
    /// <param name="root">All commands.</param>
    /// <param name="args">What was typed.</param>
    /// <param name="terminal">Where errors go.</param>
    /// <param name="cancellationToken">Ends the command as Ctrl-C does.</param>
    public static async Task<int> RunAsync(RootCommand root, string[] args, CommandTerminal terminal, CancellationToken cancellationToken = default)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await WriteErrorAsync(terminal, $"{parsed.Errors[0].Message} See '{PathOf(parsed.CommandResult.Command)} --help'.");
            return ExitCodes.Usage;
        }

        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        try
        {
            // Without a time limit of its own: a training that is interrupted first saves its state.
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = terminal.Out.Profile.Out.Writer,
                Error = terminal.Error.Profile.Out.Writer,
            };
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (OperationCanceledException) when (interruption.IsCancellationRequested)
        {
            await WriteErrorAsync(terminal, "interrupted");
            return ExitCodes.Interrupted;
        }
        catch (Exception exception)
        {
            await WriteErrorAsync(terminal, exception.Message);
            return ExitCodes.Failure;
        }

        void Interrupt(PosixSignalContext signal)
        {
            // The first asks, the second ends the process at once.
            signal.Cancel = !interruption.IsCancellationRequested;
            interruption.Cancel();
        }
    }

    private static string PathOf(Command command) => command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "bestofn";

    // Plain, for a console would break the line at its width.
    private static Task WriteErrorAsync(CommandTerminal terminal, string message) =>
        terminal.Error.Profile.Out.Writer.WriteLineAsync($"bestofn: {Printable.Text(message.ReplaceLineEndings(" "), CommandTerminal.LongestLine)}");
}
