namespace BestOfN.Core.Failures;

/// <summary>Carries a <see cref="Failures.Failure"/> to where it is told.</summary>
public abstract class FailureException : Exception
{
    private protected FailureException(Failure failure, Exception? innerException) : base(failure.Message, innerException) =>
        Failure = failure;

    public Failure Failure { get; }
}
