using Microsoft.Extensions.Logging;

namespace BestOfN.Protocols.OpenAI;

internal static partial class OpenAILog
{
    [LoggerMessage(3001, LogLevel.Information, "The upstream makes at most {Limit} choices of {Model} in one call; more are asked for in several calls from now on")]
    public static partial void ChoicesLimited(this ILogger logger, string model, int limit);

    [LoggerMessage(3002, LogLevel.Warning, "Candidate {Index} is lost: {Reason}")]
    public static partial void CandidateFailed(this ILogger logger, int index, string reason);
}
