using BestOfN.Data.Cleaning;
using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;
using BestOfN.Inputs.Files;
using BestOfN.Training.Loops;
using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>Trains the pocket generator from nothing: a vocabulary, then next-token prediction of right answers.</summary>
internal sealed class GeneratorTraining(GeneratorRecipe recipe, string stateFolder)
{
    private readonly WorldMixture _worlds = new(recipe.Worlds);
    private IReadOnlyList<InstructionExample>? _corpus;
    private ShuffledSampler? _order;

    public TrainingHistory Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var (format, vocabularySize) = AnswerFormat.Learn(_worlds, recipe.VocabularySize, recipe.Vision, stateFolder);
        if (recipe.Corpus is { } corpus)
        {
            _corpus = ReadCorpus(corpus, cancellationToken);
            _order = new ShuffledSampler(_corpus.Count, recipe.Seed);
        }

        using var random = new Generator(recipe.Seed, CPU);
        using var model = new VisionLanguageDecoder(recipe.Model, recipe.Vision, vocabularySize, random);
        using var head = Initialization.Matrix(vocabularySize, recipe.Model.HiddenSize, 1 / Math.Sqrt(recipe.Model.HiddenSize), random);
        KeyValuePair<string, Tensor>[] parameters = [.. model.Parameters, new("output.weight", head)];

        var schedule = recipe.Training;
        using var optimizer = new Muon(parameters, schedule.Beta2, schedule.WeightDecay);
        var gradient =
            new ParallelParts(parameters, schedule.Steps!.Value, step => LanguageModelling.Parts(model, head, Batch(step, format)));
        var heldOut = HeldOut(format);
        var loop = new TrainingLoop("generator", schedule, optimizer, gradient, stateFolder);
        var history = loop.Run(Fingerprint(cancellationToken), (_, _) => Measure(model, head, heldOut), progress, cancellationToken);

        WholeFolder.Write(recipe.Output, folder => PocketModelFiles.Write(folder, stateFolder, model, format.ConfigTokens, parameters));
        return history;
    }

    // A corpus under the same name that was changed is another training.
    private string Fingerprint(CancellationToken cancellationToken) => RecipeFile.Fingerprint(recipe) + (recipe.Corpus is { } corpus
        ? System.Convert.ToHexStringLower(FileDigest.Of(corpus, cancellationToken: cancellationToken))[..16] : "");

    private static IReadOnlyList<InstructionExample> ReadCorpus(string path, CancellationToken cancellationToken)
    {
        try
        {
            return InstructionExamples.Read(path, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new RecipeException($"corpus: {e.Message}.", e);
        }
    }

    private TrainingExample[][] Batch(int step, AnswerFormat format)
    {
        if (_corpus is { } corpus)
        {
            return [.. _order!.Batch(step, recipe.Training.Batch).Select(i => (TrainingExample[])[format.Example(corpus[i])])];
        }

        var first = (long)step * recipe.Training.Batch;
        return
        [
            .. Enumerable.Range(0, recipe.Training.Batch)
                .Select(i => _worlds.DrawWithCompanions(recipe.Seed, first + i))
                .Select(format.Examples),
        ];
    }

    private (string World, TrainingExample[] Examples)[] HeldOut(AnswerFormat format) =>
        [.. _worlds.HeldOut(recipe.Seed, recipe.HeldOutProblems)
            .Select(w => (w.World, w.Problems.SelectMany(p => format.Examples([p])).ToArray()))];

    private static Dictionary<string, double> Measure(
        VisionLanguageDecoder model, Tensor head, IReadOnlyList<(string World, TrainingExample[] Examples)> heldOut)
    {
        var exact = heldOut.ToDictionary(w => w.World, w => LanguageModelling.ExactShare(model, head, w.Examples));
        exact.Add("exact", exact.Values.Average());
        return exact;
    }
}
