namespace BestOfN.Core.Rewards;

/// <summary>The reward model gave no usable score.</summary>
public sealed class ScoringFailedException : Exception
{
    public ScoringFailedException(string message, Exception? innerException = null) : base(message, innerException) { }
}
