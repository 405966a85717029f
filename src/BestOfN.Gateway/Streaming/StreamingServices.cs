using BestOfN.Gateway.Requests;

namespace BestOfN.Gateway.Streaming;

internal static class StreamingServices
{
    /// <summary>What turns requests into plans and selections into answers.</summary>
    public static void AddAnswers(this IServiceCollection services)
    {
        services.AddSingleton<RequestBodies>();
        services.AddSingleton<RequestPlanner>();
        services.AddSingleton<AnswerWriter>();
    }
}
