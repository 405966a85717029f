using System.CommandLine;
using BestOfN.Cli.Hosting;

namespace BestOfN.Cli.Train;

internal static class TrainCommand
{
    public static Command Create(CommandTerminal terminal) => new("train", "Make the parts of a model.")
    {
        TrainTokenizerCommand.Create(),
        TrainModelCommand.Generator(terminal),
        TrainModelCommand.Reward(terminal),
    };
}
