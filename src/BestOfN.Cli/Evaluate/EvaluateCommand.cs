using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Benchmarks;
using BestOfN.Data.Evaluation;

namespace BestOfN.Cli.Evaluate;

internal static class EvaluateCommand
{
    public static Command Create(CommandTerminal terminal, Func<DirectoryInfo, DirectoryInfo, ICandidatePoolSource> openPools)
    {
        var command = new Command("evaluate", "Measure models.") { EvaluateBestOfNCommand.Create(terminal, openPools) };
        foreach (var benchmark in BenchmarkList.All)
        {
            command.Add(EvaluateBenchmarkCommand.Create(terminal, benchmark));
        }

        return command;
    }
}
