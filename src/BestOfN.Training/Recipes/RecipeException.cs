namespace BestOfN.Training.Recipes;

/// <summary>A recipe cannot be followed. The message names the field.</summary>
public sealed class RecipeException(string message, Exception? innerException = null) : Exception(message, innerException);
