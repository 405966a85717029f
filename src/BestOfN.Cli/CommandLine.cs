using System.CommandLine;
using BestOfN.Cli.Clean;
using BestOfN.Cli.Convert;
using BestOfN.Cli.Evaluate;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Inspect;
using BestOfN.Cli.Sample;
using BestOfN.Cli.Score;
using BestOfN.Cli.Train;

namespace BestOfN.Cli;

internal static class CommandLine
{
    /// <summary>All commands of the program.</summary>
    public static RootCommand Create(CommandTerminal terminal) =>
        new("Best-of-N answers: training, evaluation, scoring, cleaning of data and model folders.")
    {
        TrainCommand.Create(terminal),
        EvaluateCommand.Create(terminal, EnginePools.Open),
        ScoreCommand.Create(terminal),
        CleanCommand.Create(terminal),
        SampleCommand.Create(terminal),
        PairsCommand.Create(terminal),
        InspectCommand.Create(terminal),
        ConvertCommand.Create(terminal),
    };
}
