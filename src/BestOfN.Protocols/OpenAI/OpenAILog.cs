using Microsoft.Extensions.Logging;

namespace BestOfN.Protocols.OpenAI;

internal static partial class OpenAILog
{
    [LoggerMessage(3001, LogLevel.Information, "For some minutes the upstream of {Model} is asked without what it refused: {Shape}")]
    public static partial void ShapeLearnt(this ILogger logger, string model, CallShape shape);
}
