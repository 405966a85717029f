namespace BestOfN.Models.Weights;

/// <summary>A model folder is not what it should be. The message names file, tensor or field, what was expected and what was found.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(string message, Exception? innerException = null) : base(message, innerException) { }
}
