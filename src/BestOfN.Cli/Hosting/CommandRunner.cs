using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;
using BestOfN.Training.Loops;

namespace BestOfN.Cli.Hosting;

/// <summary>Runs a command line: its result is an exit code, an error is one line on standard error.</summary>
internal static class CommandRunner
{
    /// <param name="root">All commands.</param>
    /// <param name="args">The arguments of the program.</param>
    /// <param name="terminal">Where errors go.</param>
    /// <param name="cancellationToken">Ends the command as Ctrl-C does.</param>
    public static async Task<int> RunAsync(
        RootCommand root, string[] args, CommandTerminal terminal, CancellationToken cancellationToken = default)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && !AsksForHelp(parsed))
        {
            var command = parsed.CommandResult.Command;
            var unknown = parsed.UnmatchedTokens.FirstOrDefault(token => !token.StartsWith('-'));
            var isGroup = command.Subcommands.Count > 0 && command.Action is null;
            var errors = isGroup
                ? [unknown is null ? $"'{PathOf(command)}' needs a command: {Names(command)}." : NoSuchCommand(command, unknown)]
                : parsed.Errors.Select(e => e.Message).Distinct().ToArray();
            if (isGroup && parsed.Tokens.Count == 0)
            {
                // Without any argument the help is printed, which lists the commands.
                await root.Parse("--help")
                    .InvokeAsync(new InvocationConfiguration { Output = terminal.Error.Profile.Out.Writer }, cancellationToken);
                return ExitCodes.Usage;
            }

            await WriteErrorAsync(terminal, $"{string.Join(" ", errors)} See '{PathOf(command)} --help'.");
            return ExitCodes.Usage;
        }

        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        try
        {
            // Without a time limit of its own: a training that is interrupted saves the step under way first.
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = terminal.Out.Profile.Out.Writer,
                Error = terminal.Error.Profile.Out.Writer,
            };
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (TrainingStoppedException stopped) when (interruption.IsCancellationRequested)
        {
            await WriteErrorAsync(terminal, $"interrupted; {stopped.Message}");
            return ExitCodes.Interrupted;
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
            // The first signal cancels the command, the second ends the process at once.
            signal.Cancel = !interruption.IsCancellationRequested;
            interruption.Cancel();
        }
    }

    private static bool AsksForHelp(ParseResult parsed) => parsed.Action is HelpAction;

    private static string Names(Command command) => string.Join(", ", command.Subcommands.Select(c => c.Name));

    private static string NoSuchCommand(Command command, string typed)
    {
        var nearest = command.Subcommands.Select(c => c.Name).MinBy(name => EditDistance.Between(name, typed))!;
        return $"There is no command '{typed}'"
            + (EditDistance.Between(nearest, typed) <= Math.Max(2, typed.Length / 3) ? $"; did you mean '{nearest}'?"
                : $"; there are {Names(command)}.");
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "bestofn";

    // Written without the console, which would break the line at its width.
    private static Task WriteErrorAsync(CommandTerminal terminal, string message) =>
        terminal.Error.Profile.Out.Writer.WriteLineAsync(
            $"bestofn: {Printable.Text(message.ReplaceLineEndings(" "), CommandTerminal.LongestLine)}");
}
