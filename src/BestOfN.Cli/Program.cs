using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Train;

var root = new RootCommand("Best-of-N answers: training, evaluation and scoring.")
{
    TrainCommand.Create(),
};

return await CommandRunner.RunAsync(root, args, CommandTerminal.OfProcess());
