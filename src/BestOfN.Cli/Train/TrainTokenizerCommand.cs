using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Training.Vocabulary;
using BestOfN.Training.Worlds;

namespace BestOfN.Cli.Train;

internal static class TrainTokenizerCommand
{
    public static Command Create()
    {
        var output = new Option<DirectoryInfo>("--output", "-o") { Description = "Folder that receives tokenizer.model and tokenizer_config.json.", Required = true };
        var size = new Option<int>("--size") { Description = "Largest number of tokens.", DefaultValueFactory = _ => 512 };
        var problems = new Option<int>("--problems") { Description = "Problems of the world to learn from.", DefaultValueFactory = _ => 2000 };
        var seed = new Option<ulong>("--seed") { Description = "Decides which problems.", DefaultValueFactory = _ => 1 };
        size.Validators.Add(Validate.AtLeast(size, SentencePieceVocabulary.MinimumSize));
        problems.Validators.Add(Validate.AtLeast(problems, 1));

        var command = new Command("tokenizer", "Learn a small SentencePiece vocabulary from the pocket text world.") { output, size, problems, seed };
        command.SetAction((parsed, cancellationToken) =>
        {
            var world = new PocketTextWorld();
            var sample = Enumerable.Range(0, parsed.GetValue(problems)).Select(i =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return world.Draw(parsed.GetValue(seed), i, Split.Training);
            });
            var folder = parsed.GetRequiredValue(output).FullName;
            var vocabulary = SentencePieceVocabulary.Learn(sample, parsed.GetValue(size));
            vocabulary.Write(folder);
            parsed.InvocationConfiguration.Output.WriteLine($"{vocabulary.Size} tokens in {folder}");
            return Task.FromResult(ExitCodes.Success);
        });
        return command;
    }
}
