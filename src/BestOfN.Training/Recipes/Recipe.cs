using System.Text.Json.Serialization;

namespace BestOfN.Training.Recipes;

/// <summary>What to train and how, as a file in <c>config/training</c> says it; <c>"kind"</c> tells the recipes apart.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = Kind)]
[JsonDerivedType(typeof(GeneratorRecipe), GeneratorRecipe.Name)]
[JsonDerivedType(typeof(PocketRewardRecipe), PocketRewardRecipe.Name)]
[JsonDerivedType(typeof(PreferenceRecipe), PreferenceRecipe.Name)]
[JsonDerivedType(typeof(PolicyRecipe), PolicyRecipe.Name)]
public abstract record Recipe
{
    /// <summary>The field that tells the recipes apart.</summary>
    public const string Kind = "kind";

    /// <summary>Decides all that is random; the same seed on the same machine gives the same model.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The model folder to write, relative to the working directory; it must not exist, or be empty.</summary>
    public required string Output { get; init; }

    /// <summary>Looks at everything that can be known before a training begins, missing files included.</summary>
    /// <exception cref="RecipeException">The recipe cannot be followed; the message tells all mistakes.</exception>
    internal void Validate()
    {
        var mistakes = new RecipeMistakes();
        Check(mistakes);
        mistakes.Output(Output);
        mistakes.ThrowIfAny();
    }

    private protected abstract void Check(RecipeMistakes mistakes);
}
