using BestOfN.Cli;
using BestOfN.Cli.Hosting;

var terminal = CommandTerminal.OfProcess();
return await CommandRunner.RunAsync(CommandLine.Create(terminal), args, terminal);
