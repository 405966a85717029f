using BestOfN.Data.Worlds;
using BestOfN.Inference.Runtime;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>Trains the pocket generator: a vocabulary, then next-token prediction of right answers, from nothing.</summary>
public static class GeneratorTraining
{
    /// <param name="recipe">What to train.</param>
    /// <param name="stateFolder">Where checkpoints lie; a training that was stopped goes on from there.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Stops after the step under way, which is saved.</param>
    /// <exception cref="RecipeException">The recipe cannot be followed; the message names every field that is wrong.</exception>
    /// <exception cref="TrainingStoppedException">It was asked to stop, and is saved.</exception>
    /// <returns>Losses and what was measured at each checkpoint.</returns>
    public static TrainingHistory Run(
        GeneratorRecipe recipe, string stateFolder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        RecipeException.ThrowIfAny(RecipeMistakes.Of(recipe));
        TorchRuntime.Load();
        var world = new WorldMixture(recipe.Worlds);
        var (answers, vocabularySize) = AnswerFormat.Learn(world, recipe.VocabularySize, recipe.Vision, stateFolder);
        using var random = new Generator(recipe.Seed, CPU);
        using var model = new VisionLanguageDecoder(recipe.Model, recipe.Vision, vocabularySize, random);
        using var head = Initialization.Matrix(vocabularySize, recipe.Model.HiddenSize, 1 / Math.Sqrt(recipe.Model.HiddenSize), random);
        var parameters = model.Parameters.Append(new("output.weight", head)).ToArray();

        var batch = recipe.Training.Batch;
        (TrainingPrompt, IReadOnlyList<int>)[] Examples(IReadOnlyList<Problem> companions) =>
            [.. answers.Prompts(companions).Zip(companions, (prompt, problem) => (prompt, answers.Answer(problem.Solution)))];
        var heldOut = world.HeldOut(recipe.Seed, recipe.HeldOutProblems).Select(w => (w.World, Examples: w.Problems.SelectMany(p => Examples([p])).ToArray())).ToArray();
        var history = new TrainingLoop("generator", recipe.Training, parameters, stateFolder).Run(
            RecipeFile.Fingerprint(recipe),
            step => LanguageModelling.Parts(
                model, head, [.. Enumerable.Range(0, batch).Select(i => Examples(world.DrawWithCompanions(recipe.Seed, ((long)step * batch) + i)))]),
            () =>
            {
                var exact = heldOut.ToDictionary(w => w.World, w => LanguageModelling.ExactShare(model, head, w.Examples));
                return exact.Append(new("exact", exact.Values.Average())).ToDictionary();
            },
            progress,
            cancellationToken);

        ModelFolder.Write(recipe.Output, stateFolder, model, answers.ConfigTokens, parameters);
        return history;
    }
}
