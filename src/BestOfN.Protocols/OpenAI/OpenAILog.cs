using Microsoft.Extensions.Logging;

namespace BestOfN.Protocols.OpenAI;

internal static partial class OpenAILog
{
    [LoggerMessage(3001, LogLevel.Information, "For some minutes the upstream of {Model} is asked without what it refused: {Shape}")]
    public static partial void ShapeLearnt(this ILogger logger, string model, CallShape shape);

    [LoggerMessage(3002, LogLevel.Warning, "Candidate {Index} is lost: {Reason}")]
    public static partial void CandidateFailed(this ILogger logger, int index, string reason);

    [LoggerMessage(3003, LogLevel.Trace, "The upstream's words about candidate {Index}: {Words}")]
    public static partial void UpstreamSaid(this ILogger logger, int index, string words);
}
