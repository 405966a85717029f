namespace BestOfN.Protocols.Rewards;

/// <summary>A server's answer has not the shape that its protocol gives to rewards.</summary>
/// <param name="message">What was expected, without a word of the answer.</param>
public sealed class RewardShapeException(string message) : Exception(message);
