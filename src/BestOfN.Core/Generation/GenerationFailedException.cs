using BestOfN.Core.Failures;

namespace BestOfN.Core.Generation;

/// <summary>No candidate could be made.</summary>
public sealed class GenerationFailedException : FailureException
{
    public GenerationFailedException(Failure failure, Exception? innerException = null) : base(failure, innerException) { }

    /// <summary>A failure of the model in this process.</summary>
    public GenerationFailedException(string message, Exception? innerException = null)
        : base(new Failure(FailureKind.Internal, message), innerException) { }
}
