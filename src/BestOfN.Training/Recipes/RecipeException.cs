namespace BestOfN.Training.Recipes;

/// <summary>A recipe cannot be followed. The message names file and field.</summary>
public sealed class RecipeException : Exception
{
    public RecipeException(string message, Exception? innerException = null) : base(message, innerException) { }
}
