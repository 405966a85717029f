using System.CommandLine;

namespace BestOfN.Cli.Train;

internal static class TrainCommand
{
    public static Command Create() => new("train", "Make the parts of a model.")
    {
        TrainTokenizerCommand.Create(),
    };
}
