namespace BestOfN.Training.Recipes;

/// <summary>A recipe cannot be followed. The message names file and field.</summary>
public sealed class RecipeException : Exception
{
    public RecipeException(string message, Exception? innerException = null) : base(message, innerException) { }

    /// <summary>Tells all mistakes together, so that a recipe is mended in one go.</summary>
    internal static void ThrowIfAny(IReadOnlyList<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new RecipeException((mistakes.Count > 1 ? $"{mistakes.Count} mistakes: " : "") + string.Join("; ", mistakes) + ".");
        }
    }
}
