using System.CommandLine;
using BestOfN.Cli.Convert;
using BestOfN.Cli.Evaluate;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Inspect;
using BestOfN.Cli.Score;
using BestOfN.Cli.Train;

var terminal = CommandTerminal.OfProcess();
var root = new RootCommand("Best-of-N answers: training, evaluation, scoring and model folders.")
{
    TrainCommand.Create(terminal),
    EvaluateCommand.Create(terminal, EnginePools.Open),
    ScoreCommand.Create(terminal),
    InspectCommand.Create(terminal),
    ConvertCommand.Create(terminal),
};

return await CommandRunner.RunAsync(root, args, terminal);
