using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Weights;

/// <summary>
/// A model folder is not what it should be. The message names file, tensor or field, what was expected and what was found.
/// </summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(string message, Exception? innerException = null) : base(message, innerException) { }

    /// <summary>Refuses a file that Git LFS has not fetched yet.</summary>
    /// <param name="path">Where the file is, for the message.</param>
    /// <param name="file">The file, or its first bytes.</param>
    internal static void ThrowIfPointer(string path, ReadOnlySpan<byte> file)
    {
        if (GitLfsPointer.Is(file))
        {
            throw new CheckpointException(GitLfsPointer.Message(path));
        }
    }
}
