using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Evaluation;

namespace BestOfN.Cli.Evaluate;

internal static class EvaluateCommand
{
    public static Command Create(CommandTerminal terminal, Func<DirectoryInfo, DirectoryInfo, ICandidatePoolSource> openPools) => new("evaluate", "Measure models.")
    {
        EvaluateBestOfNCommand.Create(terminal, openPools),
    };
}
