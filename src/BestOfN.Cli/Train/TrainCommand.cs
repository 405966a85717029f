using System.CommandLine;
using BestOfN.Cli.Hosting;

namespace BestOfN.Cli.Train;

internal static class TrainCommand
{
    public static Command Create(CommandTerminal terminal) => new("train", "Train a model by a recipe.")
    {
        TrainModelCommand.Generator(terminal),
        TrainModelCommand.Reward(terminal),
        TrainModelCommand.Policy(terminal),
    };
}
