using BestOfN.Data.Preferences;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;
using BestOfN.Training.Pocket;
using BestOfN.Training.Policy;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;

namespace BestOfN.Training;

/// <summary>Follows a recipe of any kind, from its last save to the model folder.</summary>
public static class Trainer
{
    /// <param name="recipe">The recipe.</param>
    /// <param name="stateFolder">Where the training is saved; one that was stopped goes on from there.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Ends the training; the steps that are done are saved.</param>
    /// <exception cref="RecipeException">The recipe cannot be followed; the message names every field that is wrong.</exception>
    /// <exception cref="PreferenceDataException">A data set or one of its images cannot be read.</exception>
    /// <exception cref="CheckpointException">A model to start from is not as expected, or what was saved belongs to another
    /// recipe.</exception>
    /// <exception cref="TrainingStoppedException">It was asked to stop, and is saved.</exception>
    /// <returns>Losses, and what was measured at each checkpoint.</returns>
    public static TrainingHistory Run(
        Recipe recipe, string stateFolder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        recipe.Validate();
        TorchRuntime.Load();
        if (recipe is PocketRecipe or PolicyRecipe { Device: "cpu" })
        {
            // Small operators by the thousand: memory and compiled operators are kept from one to the next.
            MallocTuning.KeepFreedMemory();
            OneDnnPrimitiveCache.EnlargeForTraining();
        }

        return recipe switch
        {
            GeneratorRecipe generator => new GeneratorTraining(generator, stateFolder).Run(progress, cancellationToken),
            PocketRewardRecipe reward => new RewardTraining(reward, stateFolder, progress).Run(cancellationToken),
            PolicyRecipe policy => new PolicyTraining(policy, stateFolder).Run(progress, cancellationToken),
            PreferenceRecipe preference => new PreferenceTraining(preference, stateFolder).Run(progress, cancellationToken),
            _ => throw new ArgumentException($"Expected a recipe of a known kind, found {recipe.GetType().Name}.", nameof(recipe)),
        };
    }
}
