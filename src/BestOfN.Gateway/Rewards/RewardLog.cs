namespace BestOfN.Gateway.Rewards;

/// <summary>Event ids 2700 to 2799.</summary>
internal static partial class RewardLog
{
    [LoggerMessage(2700, LogLevel.Error, "The reward model {Model} gave no scores: {Reason}")]
    public static partial void NotScored(this ILogger logger, string model, string reason);
}
