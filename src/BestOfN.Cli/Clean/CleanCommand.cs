using System.CommandLine;
using BestOfN.Cli.Hosting;

namespace BestOfN.Cli.Clean;

internal static class CleanCommand
{
    public static Command Create(CommandTerminal terminal) => new("clean", "Find bad records in instruction data.")
    {
        CleanScoreCommand.Create(terminal),
        CleanDecideCommand.Create(terminal),
    };
}
